//! The device flow: a code that is entered on any device (RFC 8628; LG-101…LG-106).

use super::token::field;
use super::{Deadline, Flow, Goal, Login, Purpose, Stage, Step, wrong_reply};
use crate::login::authorization::{Secrets, scope};
use crate::login::outcome::{Event, LoginError, Step as Request};
use crate::login::protocol::{Action, OpenBrowser, Reply};
use crate::login::provider::{endpoint, wrong};
use crate::login::settings::{BrowserMode, Grant};
use crate::oauth::{self, Answer, AnswerProblem, Object};
use crate::protocol::{Failure, HttpResponse};
use crate::secret::Secret;
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

/// The default interval (RFC 8628, 3.2).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);
/// The shortest interval.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// The longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// The time that each `slow_down` adds to the interval (RFC 8628, 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// A login on another device.
#[derive(Debug)]
pub(super) struct Device {
    secrets: Option<Secrets>,
    /// Whether to send a PKCE challenge. Without it if the provider refuses it (LG-101).
    challenge: bool,
    code: Option<Secret>,
    interval: Duration,
    /// When to send the next token request; `None` while one is in flight.
    next: Option<Instant>,
}

impl Login {
    pub(super) fn begin_device(&mut self) -> Step {
        let challenge = self.settings.pkce;
        let device =
            Device { secrets: None, challenge, code: None, interval: USUAL_INTERVAL, next: None };
        self.draw(Flow::Device(Box::new(device)))
    }

    pub(super) fn start_device(&mut self, secrets: Secrets) -> Step {
        let device = Device {
            secrets: Some(secrets),
            challenge: self.settings.pkce,
            code: None,
            interval: USUAL_INTERVAL,
            next: None,
        };
        self.flow = Flow::Device(Box::new(device));
        self.request_device()
    }

    fn request_device(&mut self) -> Step {
        let Some(provider) = &self.provider else { return wrong_reply() };
        let Flow::Device(device) = &self.flow else { return wrong_reply() };
        let scope = scope(&self.settings, self.wants_offline_access());
        let mut form = alloc::vec![field("scope", scope)];
        if let Some(secrets) = device.secrets.as_ref().filter(|_| device.challenge) {
            form.push(field("code_challenge", secrets.challenge()));
            form.push(field("code_challenge_method", "S256"));
        }
        for (name, value) in &self.settings.extra_params {
            form.push(field(name, &**value));
        }
        let name = "device_authorization_endpoint";
        let url = endpoint(&provider.device_authorization_endpoint, name)?;
        let request = self.client_request(url, &form, self.usual_method());
        self.job(Purpose::DeviceStart, request, Action::SendRequest);
        Ok(())
    }

    pub(super) fn device_started(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let step = Request::DeviceAuthorization;
        let response = match outcome {
            Ok(Reply::Http(response)) => response,
            Ok(_) => return wrong_reply(),
            Err(failure) => return Err(LoginError::NotSent { step, failure }),
        };
        if let Answer::Refused { problem, .. } = oauth::read_answer(&response, &self.secrets()) {
            let chokes = matches!(
                &problem, AnswerProblem::Refused { code, .. } if code == "invalid_request"
            );
            if let Flow::Device(device) = &mut self.flow
                && chokes
                && core::mem::take(&mut device.challenge)
            {
                return self.request_device();
            }
            return Err(wrong(step, problem));
        }
        let shown =
            Shown::read(&response).map_err(|detail| LoginError::Malformed { step, detail })?;
        self.show_device(shown)
    }

    fn show_device(&mut self, shown: Shown) -> Step {
        let now = self.now.monotonic;
        let limit = shown.expires_in.min(self.settings.device_timeout);
        let flag = "--device-timeout-sec";
        self.deadline = Some(Deadline { at: now.saturating_add(limit), limit, flag });
        if let Flow::Device(device) = &mut self.flow {
            device.interval = shown.interval;
            device.code = Some(shown.device_code);
            device.next = Some(now.saturating_add(shown.interval));
        }
        let open = shown.complete.clone().unwrap_or_else(|| shown.url.clone());
        // The code is shown even if a browser opens (LG-102).
        self.report(Event::Device {
            code: shown.user_code,
            url: shown.url,
            complete: shown.complete,
            expires_in: limit,
        });
        let usable = self.facts.desktop.is_usable() && self.settings.browser == BrowserMode::Auto;
        let opens = usable || self.settings.browser == BrowserMode::Always;
        if opens && self.settings.grant == Grant::Device {
            let command = self.settings.browser_command.clone();
            self.job(Purpose::Open, OpenBrowser { url: open, command }, Action::OpenBrowser);
        }
        Ok(())
    }

    /// When to send the next token request.
    pub(super) fn next_poll(&self) -> Option<Instant> {
        match &self.flow {
            Flow::Device(device) => device.next,
            _ => None,
        }
    }

    /// Whether the token request in flight is a poll.
    pub(super) const fn device_polling(&self) -> bool {
        matches!(&self.flow, Flow::Device(device) if device.code.is_some())
            && matches!(self.stage, Stage::Running)
            && matches!(self.goal, Goal::Login)
    }

    /// Sends a token request if it is due: one, even after the computer was suspended (LG-106).
    pub(super) fn poll_device(&mut self) -> Step {
        let now = self.now.monotonic;
        let Flow::Device(device) = &mut self.flow else { return Ok(()) };
        if device.next.is_none_or(|next| now < next) {
            return Ok(());
        }
        device.next = None;
        let Some(code) = device.code.clone() else { return Ok(()) };
        let verifier = device.secrets.as_ref().filter(|_| device.challenge);
        let verifier = verifier.map(|secrets| secrets.verifier.clone());
        let mut form = alloc::vec![
            field("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            (String::from("device_code"), code),
        ];
        form.extend(verifier.map(|verifier| (String::from("code_verifier"), verifier)));
        self.call_token_endpoint(Request::Token, form)
    }

    /// Without an answer, the next interval is doubled, and the flow goes on (LG-105).
    pub(super) fn device_poll_failed(&mut self) -> Step {
        let now = self.now.monotonic;
        if let Flow::Device(device) = &mut self.flow {
            device.next = Some(now.saturating_add(device.interval.saturating_mul(2)));
        }
        Ok(())
    }

    /// After `authorization_pending` the flow goes on, after `slow_down` with a longer interval;
    /// any other error ends it (LG-106).
    pub(super) fn device_poll_refused(&mut self, problem: AnswerProblem) -> Step {
        let now = self.now.monotonic;
        let code = match &problem {
            AnswerProblem::Refused { code, .. } => code.as_str(),
            _ => "",
        };
        let Flow::Device(device) = &mut self.flow else { return wrong_reply() };
        match code {
            "authorization_pending" => {}
            "slow_down" => device.interval = device.interval.saturating_add(SLOW_DOWN),
            _ => return Err(wrong(Request::Token, problem)),
        }
        device.next = Some(now.saturating_add(device.interval));
        Ok(())
    }
}

/// The fields of a device authorization response (RFC 8628, 3.2).
struct Shown {
    device_code: Secret,
    user_code: String,
    url: String,
    complete: Option<String>,
    expires_in: Duration,
    interval: Duration,
}

impl Shown {
    /// Addresses are `https` or stay on this machine, and are cleaned before they are shown; Google
    /// calls the first one `verification_url` (LG-103).
    fn read(response: &HttpResponse) -> Result<Self, String> {
        let answer = Object::parse(response.body.expose(), "the answer")?;
        let device_code = answer.secret("device_code").ok_or("device_code is missing")?;
        let user_code = answer.text("user_code").ok_or("user_code is missing")?;
        let url = answer.text("verification_uri").or_else(|| answer.text("verification_url"));
        let url = url.ok_or("verification_uri is missing")?;
        oauth::check_endpoint(&url).map_err(|_| "verification_uri is not an https URL")?;
        let complete = answer.text("verification_uri_complete");
        let complete = complete.filter(|url| oauth::check_endpoint(url).is_ok());
        let seconds = |name| answer.seconds(name).and_then(|seconds| u64::try_from(seconds).ok());
        let expires_in = seconds("expires_in").map_or(Duration::MAX, Duration::from_secs);
        let interval = seconds("interval").map_or(USUAL_INTERVAL, Duration::from_secs);
        Ok(Self {
            // Control characters are removed; the code is not hidden, since the user must see it.
            user_code: oauth::description(&user_code, &[]),
            device_code,
            url: url.into(),
            complete: complete.map(String::from),
            expires_in,
            interval: interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL),
        })
    }
}

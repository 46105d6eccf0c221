//! The host that a proxy is, by the proxy-wasm interface.

use crate::settings::Settings;
use crate::{Answer, Call, Counter, Filter, Host, Level, Unsent, Verdict};
use kubecred_core::protocol::HttpResponse;
use kubecred_core::{Now, Secret};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, LogLevel, MapType, MetricType, Status};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

/// More than any answer of an issuer that is taken.
const MOST: usize = 4 << 20;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|id| -> Box<dyn RootContext> { Box::new(Root::new(id)) });
}}

type Shared = Rc<RefCell<Option<Filter<Proxy>>>>;

/// The plugin on one thread.
struct Root {
    id: u32,
    filter: Shared,
}

impl Root {
    fn new(id: u32) -> Self {
        Self { id, filter: Shared::default() }
    }

    fn with(&self, event: impl FnOnce(&mut Filter<Proxy>)) {
        if let Some(filter) = self.filter.borrow_mut().as_mut() {
            event(filter);
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, call: u32, headers: usize, body: usize, _: usize) {
        let answer = if headers == 0 { Answer::None } else { answer(body) };
        self.with(|filter| filter.on_answer(call, answer));
    }

    fn on_done(&mut self) -> bool {
        self.filter.borrow_mut().as_mut().is_none_or(Filter::on_done)
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let host = Proxy::new(self.id);
        let configuration = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size);
        let configuration = Secret::new(configuration.ok().flatten().unwrap_or_default());
        match Settings::read(configuration.expose()) {
            Ok(settings) => {
                *self.filter.borrow_mut() = Some(Filter::new(host, settings));
                true
            }
            Err(refusal) => {
                for line in &refusal.0 {
                    host.log(Level::Error, line);
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        self.with(Filter::on_tick);
    }

    fn on_queue_ready(&mut self, queue: u32) {
        self.with(|filter| filter.on_message(queue));
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { id, filter: Rc::clone(&self.filter) }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One request.
struct Stream {
    id: u32,
    filter: Shared,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        match self.filter.borrow_mut().as_mut().map(|filter| filter.on_request(self.id)) {
            Some(Verdict::Continue) => Action::Continue,
            // Without a filter nothing may pass.
            Some(Verdict::Stop) | None => Action::Pause,
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(filter) = self.filter.borrow_mut().as_mut() {
            filter.on_response(self.id, status(MapType::HttpResponseHeaders));
        }
        Action::Continue
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(filter) = self.filter.borrow_mut().as_mut() {
            filter.on_gone(self.id);
        }
    }
}

/// 0 if there is none.
fn status(map: MapType) -> u16 {
    let status = hostcalls::get_map_value_bytes(map, ":status").ok().flatten();
    let status = status.and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok());
    status.unwrap_or_default()
}

fn answer(size: usize) -> Answer {
    let map = MapType::HttpCallResponseHeaders;
    if size > MOST {
        return Answer::TooLarge(size);
    }
    let body = hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, size);
    let body = Secret::new(body.ok().flatten().unwrap_or_default());
    let mut answer = HttpResponse::new(status(map), body);
    for (name, value) in hostcalls::get_map_bytes(map).unwrap_or_default() {
        answer.push_header(&name, &value);
    }
    Answer::Http(answer)
}

/// What the proxy can do, for the plugin on one thread. Calls to the proxy are on behalf of what it
/// works on at the moment, so each begins by saying on whose behalf it is.
///
/// What cannot go wrong unless the proxy does not keep to the interface is not looked at.
#[derive(Debug)]
struct Proxy {
    root: u32,
    counters: Vec<u32>,
    expiry: u32,
}

impl Proxy {
    fn new(root: u32) -> Self {
        let define = |kind, name| hostcalls::define_metric(kind, name).unwrap_or_default();
        Self {
            root,
            counters: Counter::ALL.map(|c| define(MetricType::Counter, c.name())).to_vec(),
            expiry: define(MetricType::Gauge, "kubecred.credential_expires"),
        }
    }

    fn on_behalf_of(&self, context: u32) {
        let _ = hostcalls::set_effective_context(context);
    }
}

impl Host for Proxy {
    fn now(&self) -> Now {
        let now = hostcalls::get_current_time().unwrap_or(UNIX_EPOCH);
        let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        Now::from_millis(millis.unsigned_abs(), millis)
    }

    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Error => LogLevel::Error,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
        };
        let _ = hostcalls::log(level, &["kubecred: ", line].concat());
    }

    fn count(&self, counter: Counter) {
        if let Some(metric) = self.counters.get(counter as usize) {
            let _ = hostcalls::increment_metric(*metric, 1);
        }
    }

    fn show_expiry(&self, seconds: u64) {
        let _ = hostcalls::record_metric(self.expiry, seconds);
    }

    fn call(&self, call: &Call<'_>) -> Result<u32, Unsent> {
        self.on_behalf_of(self.root);
        let mut headers = vec![
            (":method", call.method),
            (":scheme", call.scheme),
            (":authority", call.authority),
            (":path", call.path),
        ];
        let text = |header: &'_ kubecred_core::Header| header.value.expose_str().is_some();
        if !call.headers.iter().all(text) {
            return Err(Unsent("a header is no text".to_owned()));
        }
        let given = call.headers.iter();
        headers.extend(given.map(|h| (h.name.as_ref(), h.value.expose_str().unwrap_or_default())));
        let body = Some(call.body.expose()).filter(|body| !body.is_empty());
        hostcalls::dispatch_http_call(call.cluster, headers, body, Vec::new(), call.timeout)
            .map_err(|status| {
                Unsent(match status {
                    Status::BadArgument => "Envoy has no such cluster".to_owned(),
                    status => format!("Envoy could not send the request ({status:?})"),
                })
            })
    }

    fn wake_in(&self, time: Option<Duration>) {
        self.on_behalf_of(self.root);
        let time = time.map_or(Duration::ZERO, |time| time.max(Duration::from_millis(1)));
        // The interface has room for 49 days.
        let _ = hostcalls::set_tick_period(time.min(Duration::from_secs(86_400)));
    }

    fn read(&self, name: &str) -> Option<(Secret, u32)> {
        match hostcalls::get_shared_data(name) {
            Ok((Some(value), Some(version))) => Some((Secret::new(value), version)),
            _ => None,
        }
    }

    fn write(&self, name: &str, value: &[u8], over: Option<u32>) -> bool {
        hostcalls::set_shared_data(name, Some(value), over).is_ok()
    }

    fn open_mailbox(&self, name: &str) {
        self.on_behalf_of(self.root);
        let _ = hostcalls::register_shared_queue(name);
    }

    fn find_mailbox(&self, name: &str) -> Option<u32> {
        // No name: this plugin's own virtual machine.
        hostcalls::resolve_shared_queue("", name).ok().flatten()
    }

    fn send(&self, mailbox: u32, message: &[u8]) {
        let _ = hostcalls::enqueue_shared_queue(mailbox, Some(message));
    }

    fn receive(&self, mailbox: u32) -> Option<Vec<u8>> {
        hostcalls::dequeue_shared_queue(mailbox).ok().flatten()
    }

    fn header_names(&self, stream: u32) -> Vec<String> {
        self.on_behalf_of(stream);
        // As bytes: what a client sends need not be text.
        let headers = hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default();
        headers.into_iter().map(|(name, _)| name).collect()
    }

    fn remove_header(&self, stream: u32, name: &str) {
        self.on_behalf_of(stream);
        let _ = hostcalls::remove_map_value(MapType::HttpRequestHeaders, name);
    }

    fn add_header(&self, stream: u32, name: &str, value: &Secret) {
        self.on_behalf_of(stream);
        let map = MapType::HttpRequestHeaders;
        let _ = hostcalls::add_map_value_bytes(map, name, value.expose());
    }

    fn resume(&self, stream: u32) {
        self.on_behalf_of(stream);
        let _ = hostcalls::resume_http_request();
    }

    fn respond(&self, stream: u32, status: u16, text: &str) {
        self.on_behalf_of(stream);
        let headers = vec![("content-type", "text/plain"), ("retry-after", "1")];
        let _ = hostcalls::send_http_response(status.into(), headers, Some(text.as_bytes()));
    }

    fn finished(&self) {
        self.on_behalf_of(self.root);
        let _ = hostcalls::done();
    }
}

//! A headless Chromium, driven over WebDriver by plain HTTP.

use crate::lines::{Lines, PATIENCE};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Error, Result, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A browser with one window. It ends with its test.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        // It takes a free port of IPv4 and wants the same one of IPv6, which another test may have: it
        // then ends.
        let (driver, port) = (0..10).find_map(|_| Self::driver()).expect("chromedriver has a port");
        let profile = TempDir::new().expect("a folder");
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let folder = format!("--user-data-dir={}", browser._profile.path().display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            // Pages of test providers name fonts elsewhere; nothing leaves this machine.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            &folder,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": args },
        } } });
        // It fails here, and says so, if there is no Chromium.
        let made = browser.send("POST", "/session", &wanted);
        browser.session = made["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// A driver, if it has found a port.
    fn driver() -> Option<(Child, u16)> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver (Debian's chromium-driver) is needed for this test: {error}")
            });
        let lines = Lines::of(driver.stdout.take());
        let port = std::iter::from_fn(|| lines.next()).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        if port.is_none() {
            let _ = driver.kill(); // it has ended, unless it is only slow
            let _ = driver.wait();
        }
        Some((driver, port?))
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    pub(crate) fn url(&self) -> String {
        self.get("url")
    }

    pub(crate) fn title(&self) -> String {
        self.get("title")
    }

    /// The text that a person sees.
    pub(crate) fn text(&self) -> String {
        self.script("return document.body ? document.body.innerText : ''")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn script(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Types into the field, once it is there.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Clicks it, once it is there.
    pub(crate) fn click(&self, css: &str) {
        let element = self.element(css);
        self.command(&format!("element/{element}/click"), &json!({}));
    }

    /// Waits until the page's text holds this, and gives all of the text.
    pub(crate) fn wait_for(&self, part: &str) -> String {
        let begin = Instant::now();
        loop {
            let text = self.text();
            if text.contains(part) {
                return text;
            }
            assert!(begin.elapsed() < PATIENCE, "no {part:?} at {}:\n{text}", self.url());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A picture of the window, in this size and colour scheme.
    pub(crate) fn photograph(&self, path: &Path, (width, height): (u32, u32), dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.cdp("Emulation.setEmulatedMedia", &json!({ "features": feature }));
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
        let picture = self.get("screenshot");
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, picture);
        std::fs::write(path, bytes.expect("base64")).expect("the folder can be written");
    }

    fn cdp(&self, command: &str, params: &Value) {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": params }));
    }

    fn element(&self, css: &str) -> String {
        let begin = Instant::now();
        let query = json!({ "using": "css selector", "value": css });
        loop {
            let path = format!("/session/{}/elements", self.session);
            let found = self.send("POST", &path, &query);
            let first = found.get(0).and_then(Value::as_object).and_then(|e| e.values().next());
            if let Some(id) = first.and_then(Value::as_str) {
                return id.to_owned();
            }
            let (url, text) = (self.url(), self.text());
            assert!(begin.elapsed() < PATIENCE, "no {css} at {url}:\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn get(&self, what: &str) -> String {
        let path = format!("/session/{}/{what}", self.session);
        let value = self.send("GET", &path, &Value::Null);
        value.as_str().expect("text").to_owned()
    }

    fn command(&self, what: &str, body: &Value) -> Value {
        self.send("POST", &format!("/session/{}/{what}", self.session), body)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.exchange(method, path, body);
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let value = &answer["value"];
        // A page that is being replaced: the caller looks again.
        let gone = ["stale element reference", "no such execution context", "no such element"];
        let error = value["error"].as_str().unwrap_or_default();
        assert!(error.is_empty() || gone.contains(&error), "{method} {path}: {value}");
        if error.is_empty() { value.clone() } else { Value::Null }
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n\
             content-type: application/json\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        read_answer(&mut BufReader::new(stream))
    }
}

/// The driver keeps connections open, whatever it is asked: its answer ends with its length.
fn read_answer(stream: &mut impl BufRead) -> Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(Error::other)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Ends Chromium. In vain if the driver has ended, and it has been said then.
            let _ = self.exchange("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let _ = self.driver.kill(); // it may have ended
        let _ = self.driver.wait();
    }
}

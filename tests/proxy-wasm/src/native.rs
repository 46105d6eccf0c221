//! The filter as it is, on one thread of the proxy.

use crate::proxy::{Proxy, State};
use crate::simulation::Guest;
use kubecred_core::protocol::HttpResponse;
use kubecred_core::{Now, Secret};
use kubecred_envoy::settings::Settings;
use kubecred_envoy::{Answer, Call, Counter, Filter, Host, Level, Unsent, Verdict};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

#[derive(Debug)]
struct Thread {
    number: usize,
    proxy: Rc<RefCell<Proxy>>,
}

pub(crate) fn start(
    number: usize,
    proxy: &Rc<RefCell<Proxy>>,
    plugin: &[u8],
) -> Option<Box<dyn Guest>> {
    let thread = Thread { number, proxy: Rc::clone(proxy) };
    match Settings::read(plugin) {
        Ok(settings) => Some(Box::new(Filter::new(thread, settings))),
        Err(refusal) => {
            refusal.0.iter().for_each(|line| thread.log(Level::Error, line));
            None
        }
    }
}

impl Guest for Filter<Thread> {
    fn request(&mut self, stream: u32) -> bool {
        self.on_request(stream) == Verdict::Continue
    }

    fn response(&mut self, stream: u32, status: u16) {
        self.on_response(stream, status);
    }

    fn gone(&mut self, stream: u32) {
        self.on_gone(stream);
    }

    fn tick(&mut self) {
        self.on_tick();
    }

    fn message(&mut self, mailbox: u32) {
        self.on_message(mailbox);
    }

    fn answer(&mut self, call: u32, answer: Option<(u16, &str)>) {
        let http = |(status, body)| Answer::Http(HttpResponse::new(status, Secret::from(body)));
        self.on_answer(call, answer.map_or(Answer::None, http));
    }

    fn done(&mut self) -> bool {
        self.on_done()
    }
}

impl Host for Thread {
    fn now(&self) -> Now {
        let now = self.proxy.borrow().now;
        Now::from_millis(now, now.cast_signed())
    }

    fn log(&self, _: Level, line: &str) {
        self.proxy.borrow_mut().log.push(format!("kubecred: {line}"));
    }

    fn count(&self, counter: Counter) {
        self.proxy.borrow_mut().count(counter.name(), 1);
    }

    fn show_expiry(&self, seconds: u64) {
        self.proxy.borrow_mut().stats.insert("kubecred.credential_expires".into(), seconds);
    }

    fn call(&self, call: &Call<'_>) -> Result<u32, Unsent> {
        let pseudo = [
            (":method", call.method),
            (":scheme", call.scheme),
            (":authority", call.authority),
            (":path", call.path),
        ];
        let given = call.headers.iter();
        let given = given.map(|h| (h.name.as_ref(), h.value.expose_str().expect("text")));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let headers = pseudo.into_iter().chain(given).map(owned).collect();
        let mut proxy = self.proxy.borrow_mut();
        Ok(proxy.call(self.number, call.cluster, headers, call.body.expose()))
    }

    fn wake_in(&self, time: Option<Duration>) {
        let period = time.map_or(0, |time| time.as_millis() as u64);
        self.proxy.borrow_mut().set_timer(self.number, period);
    }

    fn read(&self, name: &str) -> Option<(Secret, u32)> {
        self.proxy.borrow().read(name).map(|(value, version)| (Secret::new(value), version))
    }

    fn write(&self, name: &str, value: &[u8], over: Option<u32>) -> bool {
        self.proxy.borrow_mut().write(name, value, over)
    }

    fn open_mailbox(&self, name: &str) {
        self.proxy.borrow_mut().open_mailbox(name, self.number);
    }

    fn find_mailbox(&self, name: &str) -> Option<u32> {
        self.proxy.borrow().find_mailbox(name)
    }

    fn send(&self, mailbox: u32, message: &[u8]) {
        self.proxy.borrow_mut().mailbox(mailbox).messages.push_back(message.to_vec());
    }

    fn receive(&self, mailbox: u32) -> Option<Vec<u8>> {
        self.proxy.borrow_mut().mailbox(mailbox).messages.pop_front()
    }

    fn header_names(&self, stream: u32) -> Vec<String> {
        let mut proxy = self.proxy.borrow_mut();
        proxy.stream(stream).headers.iter().map(|(name, _)| name.clone()).collect()
    }

    fn remove_header(&self, stream: u32, name: &str) {
        self.proxy.borrow_mut().stream(stream).headers.retain(|(own, _)| own != name);
    }

    fn add_header(&self, stream: u32, name: &str, value: &Secret) {
        let header = (name.to_owned(), value.expose().to_vec());
        self.proxy.borrow_mut().stream(stream).headers.push(header);
    }

    fn resume(&self, stream: u32) {
        self.proxy.borrow_mut().stream(stream).state = State::Forwarded;
    }

    fn respond(&self, stream: u32, status: u16, text: &str) {
        self.proxy.borrow_mut().stream(stream).state = State::Answered(status, text.to_owned());
    }

    fn finished(&self) {
        self.proxy.borrow_mut().finished.push(self.number);
    }
}

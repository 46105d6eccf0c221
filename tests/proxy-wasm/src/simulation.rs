//! Lets things happen, one after another.

use crate::issuer::Issuer;
use crate::proxy::{Proxy, Sent, State, Stream};
use crate::{interpreted, native};
use serde_json::Value;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// What runs the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Engine {
    /// It runs as it is.
    Native,
    /// An interpreter runs the module that proxies load.
    Wasm,
}

/// A filter on one thread, however it runs.
pub(crate) trait Guest {
    /// Whether it goes on.
    fn request(&mut self, stream: u32) -> bool;
    fn response(&mut self, stream: u32, status: u16);
    fn gone(&mut self, stream: u32);
    fn tick(&mut self);
    fn message(&mut self, mailbox: u32);
    /// `None`: there is no answer.
    fn answer(&mut self, call: u32, answer: Option<(u16, &str)>);
    fn done(&mut self) -> bool;
}

/// A proxy with a filter on each of its threads. It begins in 2023.
pub struct Simulation {
    proxy: Rc<RefCell<Proxy>>,
    /// `None`: taken down.
    guests: Vec<Option<Box<dyn Guest>>>,
    streams: u32,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("threads", &self.guests.len()).finish_non_exhaustive()
    }
}

impl Simulation {
    /// A proxy with this plugin configuration. As Envoy does, it first makes a filter only to see
    /// whether it takes the configuration.
    ///
    /// # Errors
    /// The log, if it does not.
    pub fn new(engine: Engine, plugin: &Value, threads: usize) -> Result<Self, String> {
        let proxy = Rc::new(RefCell::new(Proxy { now: 1_700_000_000_000, ..Proxy::default() }));
        proxy.borrow_mut().timers.resize_with(threads + 1, Default::default);
        let plugin = plugin.to_string();
        let start = |number| match engine {
            Engine::Native => native::start(number, &proxy, plugin.as_bytes()),
            Engine::Wasm => interpreted::start(number, &proxy, plugin.as_bytes()),
        };
        let tried = start(threads);
        let log = proxy.borrow().log.join("\n");
        let _ = tried.ok_or(log)?;
        let guests = (0..threads).map(start).collect();
        Ok(Self { proxy, guests, streams: 100 })
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.proxy.borrow().now
    }

    /// The clock is set by so many milliseconds. Timers do not notice.
    pub fn set_clock(&mut self, by: i64) {
        let mut proxy = self.proxy.borrow_mut();
        proxy.now = proxy.now.saturating_add_signed(by);
        for timer in &mut proxy.timers {
            timer.next = timer.next.map(|next| next.saturating_add_signed(by));
        }
    }

    /// A request comes to a thread, with these headers.
    pub fn request(&mut self, thread: usize, headers: &[(&str, &str)]) -> u32 {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        let headers = headers.iter().map(own).collect();
        self.request_bytes(thread, headers)
    }

    /// The same with values that need not be text.
    pub fn request_bytes(&mut self, thread: usize, headers: Vec<(String, Vec<u8>)>) -> u32 {
        self.streams += 1;
        let id = self.streams;
        let stream = Stream { thread, headers, state: State::Held };
        self.proxy.borrow_mut().streams.insert(id, stream);
        if self.guest(thread).request(id) {
            self.proxy.borrow_mut().stream(id).state = State::Forwarded;
        }
        self.deliver();
        id
    }

    /// The upstream answers a request that has gone on.
    ///
    /// # Panics
    /// If it has not.
    pub fn respond(&mut self, stream: u32, status: u16) {
        assert_eq!(self.state(stream), State::Forwarded);
        let thread = self.proxy.borrow_mut().stream(stream).thread;
        self.guest(thread).response(stream, status);
        self.guest(thread).gone(stream);
        self.deliver();
    }

    /// The client of a request goes away.
    pub fn hang_up(&mut self, stream: u32) {
        let thread = self.proxy.borrow_mut().stream(stream).thread;
        self.guest(thread).gone(stream);
        self.proxy.borrow_mut().streams.remove(&stream);
    }

    /// What has become of a request.
    pub fn state(&self, stream: u32) -> State {
        self.proxy.borrow_mut().stream(stream).state.clone()
    }

    /// The values of a request's header.
    pub fn header(&self, stream: u32, name: &str) -> Vec<String> {
        let mut proxy = self.proxy.borrow_mut();
        let lines = proxy.stream(stream).headers.iter().filter(|(own, _)| own == name);
        lines.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    /// Time passes, timer by timer.
    pub fn advance(&mut self, millis: u64) {
        let end = self.now() + millis;
        loop {
            let next = {
                let proxy = self.proxy.borrow();
                let timers = proxy.timers.iter().enumerate();
                let next = timers.filter_map(|(thread, timer)| Some((timer.next?, thread))).min();
                next.filter(|(at, _)| *at <= end)
            };
            let Some((at, thread)) = next else { break };
            {
                let mut proxy = self.proxy.borrow_mut();
                proxy.now = proxy.now.max(at);
                let again = proxy.now + proxy.timers[thread].period;
                proxy.timers[thread].next = Some(again);
            }
            if let Some(guest) = &mut self.guests[thread] {
                guest.tick();
            }
            self.deliver();
        }
        self.proxy.borrow_mut().now = end;
    }

    /// The calls that wait for an answer.
    pub fn calls(&self) -> Vec<Sent> {
        self.proxy.borrow().calls.clone()
    }

    /// Answers a call; `None`: there is no answer.
    pub fn answer(&mut self, call: &Sent, answer: Option<(u16, &str)>) {
        self.proxy.borrow_mut().calls.retain(|other| other.id != call.id);
        if let Some(guest) = &mut self.guests[call.thread] {
            guest.answer(call.id, answer);
        }
        self.deliver();
    }

    /// Lets the issuer answer all calls, until there are none. Each takes a millisecond.
    pub fn serve(&mut self, issuer: &mut Issuer) {
        self.advance(1);
        while let Some(call) = self.calls().first() {
            let (status, body) = issuer.answer(call, self.now());
            self.answer(call, Some((status, &body)));
            self.advance(1);
        }
    }

    /// The proxy wants to take a filter down. Whether it may, at once.
    pub fn take_down(&mut self, thread: usize) -> bool {
        let may = self.guest(thread).done();
        if may {
            self.kill(thread);
        }
        may
    }

    /// A filter is gone, without a word.
    pub fn kill(&mut self, thread: usize) {
        self.guests[thread] = None;
        self.proxy.borrow_mut().timers[thread] = Default::default();
    }

    /// Whether a filter has said that it may be taken down now.
    pub fn has_finished(&self, thread: usize) -> bool {
        self.proxy.borrow().finished.contains(&thread)
    }

    /// One of the statistics, without what all begin with.
    pub fn stat(&self, name: &str) -> u64 {
        let proxy = self.proxy.borrow();
        proxy.stats.get(&format!("kubecred.{name}")).copied().unwrap_or_default()
    }

    /// All that was logged.
    pub fn log(&self) -> String {
        self.proxy.borrow().log.join("\n")
    }

    /// Whether any timer runs.
    pub fn is_idle(&self) -> bool {
        self.proxy.borrow().timers.iter().all(|timer| timer.next.is_none())
    }

    fn guest(&mut self, thread: usize) -> &mut Box<dyn Guest> {
        self.guests[thread].as_mut().expect("a filter that is there")
    }

    /// Tells the owners of mailboxes what is in them.
    fn deliver(&mut self) {
        loop {
            let full = {
                let proxy = self.proxy.borrow();
                let mut boxes = proxy.mailboxes.iter().enumerate();
                boxes.find(|(_, mailbox)| !mailbox.messages.is_empty()).map(|(i, m)| (i, m.owner))
            };
            let Some((index, owner)) = full else { break };
            match &mut self.guests[owner] {
                Some(guest) => guest.message(index as u32 + 1),
                // The proxy tells nobody; the message is lost.
                None => self.proxy.borrow_mut().mailboxes[index].messages.clear(),
            }
        }
    }
}

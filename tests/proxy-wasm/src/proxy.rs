//! What the threads of the proxy have in common.

use std::collections::{BTreeMap, VecDeque};

/// The proxy as a whole.
#[derive(Debug, Default)]
pub(crate) struct Proxy {
    /// Milliseconds since 1970.
    pub(crate) now: u64,
    pub(crate) written: BTreeMap<String, (Vec<u8>, u32)>,
    pub(crate) version: u32,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) calls: Vec<Sent>,
    pub(crate) called: u32,
    pub(crate) streams: BTreeMap<u32, Stream>,
    pub(crate) log: Vec<String>,
    pub(crate) stats: BTreeMap<String, u64>,
    /// Threads that have said that nothing is in flight any more.
    pub(crate) finished: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) name: String,
    pub(crate) owner: usize,
    pub(crate) messages: VecDeque<Vec<u8>>,
}

/// Goes off every `period` milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timer {
    pub(crate) period: u64,
    pub(crate) next: Option<u64>,
}

/// A call to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Its number.
    pub id: u32,
    /// The thread that sent it.
    pub thread: usize,
    /// To which cluster.
    pub cluster: String,
    /// With these headers, `:path` among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Sent {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(own, _)| own == name);
        header.map_or("", |(_, value)| value)
    }
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) thread: usize,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) state: State,
}

/// What has become of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth")]
pub enum State {
    /// The filter has answered it.
    Answered(u16, String),
    /// It has gone on to the upstream.
    Forwarded,
    /// It waits.
    Held,
}

impl Proxy {
    pub(crate) fn read(&self, name: &str) -> Option<(Vec<u8>, u32)> {
        self.written.get(name).cloned()
    }

    pub(crate) fn write(&mut self, name: &str, value: &[u8], over: Option<u32>) -> bool {
        let before = self.written.get(name).map(|(_, version)| *version);
        if before.is_some() && over.is_some() && before != over {
            return false;
        }
        self.version += 1;
        self.written.insert(name.to_owned(), (value.to_vec(), self.version));
        true
    }

    pub(crate) fn set_timer(&mut self, thread: usize, period: u64) {
        let next = (period > 0).then(|| self.now + period);
        self.timers[thread] = Timer { period, next };
    }

    pub(crate) fn open_mailbox(&mut self, name: &str, owner: usize) -> u32 {
        match self.find_mailbox(name) {
            Some(id) => {
                self.mailboxes[id as usize - 1].owner = owner;
                id
            }
            None => {
                let messages = VecDeque::new();
                self.mailboxes.push(Mailbox { name: name.to_owned(), owner, messages });
                self.mailboxes.len() as u32
            }
        }
    }

    /// Mailboxes have numbers from 1 on.
    pub(crate) fn find_mailbox(&self, name: &str) -> Option<u32> {
        let at = self.mailboxes.iter().position(|mailbox| mailbox.name == name)?;
        Some(at as u32 + 1)
    }

    pub(crate) fn mailbox(&mut self, id: u32) -> &mut Mailbox {
        &mut self.mailboxes[id as usize - 1]
    }

    pub(crate) fn call(
        &mut self,
        thread: usize,
        cluster: &str,
        headers: Vec<(String, String)>,
        body: &[u8],
    ) -> u32 {
        self.called += 1;
        let (id, cluster) = (self.called, cluster.to_owned());
        let body = String::from_utf8(body.to_vec()).expect("a body that is text");
        self.calls.push(Sent { id, thread, cluster, headers, body });
        id
    }

    pub(crate) fn stream(&mut self, id: u32) -> &mut Stream {
        self.streams.get_mut(&id).expect("a request that is there")
    }

    pub(crate) fn count(&mut self, name: &str, by: u64) {
        *self.stats.entry(name.to_owned()).or_default() += by;
    }
}

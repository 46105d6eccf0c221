//! Callers: each asks for a credential, waits, sends, and on a 401 tries once more.

use crate::server::whom;
use crate::{Answer, Machine, Refusal, Served, World};
use kubecred_core::{Generation, Input};
use std::collections::BTreeMap;

/// The patience of a caller, in milliseconds.
const PATIENCE: u64 = 600_000;

#[derive(Clone, Debug, Default)]
struct Caller {
    demanded: bool,
    /// What the server said 401 to.
    refused: Option<(Generation, String)>,
    answer: Option<Answer>,
}

/// What comes of asking for a credential.
enum Asked {
    Done(Answer),
    Send(Served),
    Wait,
}

impl<M: Machine> World<M> {
    /// So many callers at once; each goes on until it has an answer.
    pub(crate) fn serve(&mut self, count: u32) -> Vec<Answer> {
        let mut callers = vec![Caller::default(); count as usize];
        let deadline = self.elapsed() + PATIENCE;
        while callers.iter().any(|caller| caller.answer.is_none()) {
            if !self.try_all(&mut callers) {
                if self.elapsed() >= deadline {
                    let left = callers.iter_mut().filter(|caller| caller.answer.is_none());
                    left.for_each(|caller| caller.answer = Some(Answer("stuck".into())));
                }
                self.advance(deadline);
            }
        }
        callers.into_iter().filter_map(|caller| caller.answer).collect()
    }

    /// All who can send do so at the same time, and then get their answers. Whether anyone did
    /// anything but wait.
    fn try_all(&mut self, callers: &mut [Caller]) -> bool {
        let waiting = callers.iter_mut().filter(|caller| caller.answer.is_none());
        let mut sent = Vec::new();
        let mut done = BTreeMap::<String, usize>::new();
        for caller in waiting {
            match self.ask(caller) {
                Asked::Wait => {}
                Asked::Send(served) => sent.push((caller, served)),
                Asked::Done(answer) => {
                    *done.entry(answer.to_string()).or_default() += 1;
                    caller.answer = Some(answer);
                }
            }
        }
        let progress = !(sent.is_empty() && done.is_empty());
        for (caller, served) in sent {
            if let Some(answer) = self.judge(caller, &served) {
                *done.entry(answer.to_string()).or_default() += 1;
                caller.answer = Some(answer);
            }
        }
        for (answer, number) in done {
            let times = if number > 1 { format!("{number} × ") } else { String::new() };
            self.say("caller", &format!("{times}{answer}"));
        }
        progress
    }

    fn ask(&mut self, caller: &mut Caller) -> Asked {
        let mut credential = self.credential();
        let asks = match &credential {
            Ok(served) => served.demand && caller.refused.is_none(),
            Err(Refusal::Closed) => false,
            Err(_) => !caller.demanded && caller.refused.is_none(),
        };
        if asks {
            caller.demanded = true;
            self.feed(Input::Demand);
            if credential.is_err() {
                credential = self.credential();
            }
        }
        match (credential, &caller.refused) {
            (Err(Refusal::Pending), _) => Asked::Wait,
            (Err(Refusal::Closed), _) => Asked::Done(Answer("closed".into())),
            (Err(Refusal::Failed(error)), _) => Asked::Done(Answer(format!("error: {error}"))),
            // There is nothing newer to try again with.
            (Ok(served), Some((old, who))) if served.generation <= *old => {
                Asked::Done(Answer(format!("401 as {who}")))
            }
            (Ok(served), _) => Asked::Send(served),
        }
    }

    /// The server's answer; `None`: it was 401, and a new credential is worth a try.
    fn judge(&mut self, caller: &mut Caller, served: &Served) -> Option<Answer> {
        let who = whom(served);
        if self.host.issued.receive(served, self.clocks.true_wall()) == 200 {
            return Some(Answer(format!("200 as {who}")));
        }
        let twice = caller.refused.replace((served.generation, who.clone())).is_some();
        self.feed(Input::Reject(served.generation));
        twice.then(|| Answer(format!("401 as {who}")))
    }
}

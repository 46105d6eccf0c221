//! Callers: each asks for a credential, waits, sends, and on a 401 tries once more.

use crate::server::whom;
use crate::{Answer, Machine, Refusal, World};
use kubecred_core::{Generation, Input};
use std::collections::BTreeMap;

/// The patience of a caller, in milliseconds.
const PATIENCE: u64 = 600_000;

#[derive(Clone, Debug, Default)]
struct Caller {
    demanded: bool,
    refused: Option<(Generation, String)>,
    answer: Option<Answer>,
}

impl<M: Machine> World<M> {
    /// So many callers at once; each goes on until it has an answer.
    pub(crate) fn serve(&mut self, count: u32) -> Vec<Answer> {
        let mut callers = vec![Caller::default(); count as usize];
        let deadline = self.elapsed() + PATIENCE;
        loop {
            let waiting: Vec<_> = callers.iter_mut().filter(|c| c.answer.is_none()).collect();
            if waiting.is_empty() {
                break;
            }
            let mut done = BTreeMap::<String, usize>::new();
            for caller in waiting {
                caller.answer = self.try_once(caller);
                if caller.answer.is_none() && self.elapsed() >= deadline {
                    caller.answer = Some(Answer("stuck".into()));
                }
                if let Some(answer) = &caller.answer {
                    *done.entry(answer.to_string()).or_default() += 1;
                }
            }
            for (answer, number) in done {
                let times = if number > 1 { format!("{number} × ") } else { String::new() };
                self.say("caller", &format!("{times}{answer}"));
            }
            if callers.iter().any(|caller| caller.answer.is_none()) {
                self.advance(deadline);
            }
        }
        callers.into_iter().filter_map(|caller| caller.answer).collect()
    }

    fn try_once(&mut self, caller: &mut Caller) -> Option<Answer> {
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
        let served = match credential {
            Ok(served) => served,
            Err(Refusal::Pending) => return None,
            Err(Refusal::Closed) => return Some(Answer("closed".into())),
            Err(Refusal::Failed(error)) => return Some(Answer(format!("error: {error}"))),
        };
        if let Some((old, who)) = &caller.refused
            && served.generation <= *old
        {
            return Some(Answer(format!("401 as {who}")));
        }
        let who = whom(&served);
        let status = self.host.issued.status(&served, self.clocks.true_wall());
        if status == 200 {
            return Some(Answer(format!("200 as {who}")));
        }
        let twice = caller.refused.replace((served.generation, who.clone())).is_some();
        self.feed(Input::Reject(served.generation));
        if twice { Some(Answer(format!("401 as {who}"))) } else { self.try_once(caller) }
    }
}

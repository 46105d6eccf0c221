//! The module that proxies load, in an interpreter, on one thread of the proxy.

use crate::memory::{bytes, give, put, read, text, written};
use crate::proxy::{Proxy, State};
use crate::simulation::Guest;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::OnceLock;
use wasmi::{Caller, Engine, Instance, Linker, Module, Store, WasmParams, WasmResults};

const OK: i32 = 0;
const NOT_FOUND: i32 = 1;
const EMPTY: i32 = 7;
const VERSION_DIFFERS: i32 = 8;

/// The number of the plugin's own context; requests have others.
const ROOT: u32 = 1;

/// What a call into the proxy needs to know.
#[derive(Debug)]
pub(crate) struct Thread {
    number: usize,
    proxy: Rc<RefCell<Proxy>>,
    plugin: Vec<u8>,
    /// On whose behalf calls are.
    context: u32,
    /// The names of statistics, by their numbers.
    metrics: Vec<String>,
    /// The answer to a call, or to a request, while that is told.
    status: u16,
    body: Vec<u8>,
}

#[derive(Debug)]
struct Interpreted {
    store: Store<Thread>,
    instance: Instance,
}

fn module() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm/kubecred_envoy.wasm");
        let module = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: run wasm/build", path.display()));
        Module::new(&Engine::default(), module).expect("a module")
    })
}

pub(crate) fn start(
    number: usize,
    proxy: &Rc<RefCell<Proxy>>,
    plugin: &[u8],
) -> Option<Box<dyn Guest>> {
    let engine = module().engine();
    let thread = Thread {
        number,
        proxy: Rc::clone(proxy),
        plugin: plugin.to_vec(),
        context: ROOT,
        metrics: Vec::new(),
        status: 0,
        body: Vec::new(),
    };
    let mut store = Store::new(engine, thread);
    let mut linker = Linker::new(engine);
    link(&mut linker).expect("each function is there once");
    link_rest(&mut linker);
    let instance = linker.instantiate_and_start(&mut store, module()).expect("a whole interface");
    let mut guest = Interpreted { store, instance };
    guest.enter::<(), ()>(ROOT, "_initialize", ());
    guest.enter::<_, ()>(ROOT, "proxy_on_context_create", (ROOT as i32, 0));
    assert_eq!(guest.enter::<_, i32>(ROOT, "proxy_on_vm_start", (ROOT as i32, 0)), 1);
    let size = plugin.len() as i32;
    let configured: i32 = guest.enter(ROOT, "proxy_on_configure", (ROOT as i32, size));
    (configured == 1).then(|| Box::new(guest) as Box<dyn Guest>)
}

impl Interpreted {
    /// Calls into the module, on behalf of a context.
    fn enter<P: WasmParams, R: WasmResults>(&mut self, context: u32, name: &str, with: P) -> R {
        self.store.data_mut().context = context;
        let function = self.instance.get_typed_func::<P, R>(&self.store, name);
        let function = function.unwrap_or_else(|error| panic!("{name}: {error}"));
        function.call(&mut self.store, with).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Guest for Interpreted {
    fn request(&mut self, stream: u32) -> bool {
        let id = stream as i32;
        self.enter::<_, ()>(stream, "proxy_on_context_create", (id, ROOT as i32));
        self.enter::<_, i32>(stream, "proxy_on_request_headers", (id, 0, 1)) == 0
    }

    fn response(&mut self, stream: u32, status: u16) {
        self.store.data_mut().status = status;
        let told: i32 = self.enter(stream, "proxy_on_response_headers", (stream as i32, 1, 1));
        assert_eq!(told, 0, "answers go on");
    }

    fn gone(&mut self, stream: u32) {
        assert_eq!(self.enter::<_, i32>(stream, "proxy_on_done", stream as i32), 1);
        self.enter::<_, ()>(stream, "proxy_on_delete", stream as i32);
    }

    fn tick(&mut self) {
        self.enter(ROOT, "proxy_on_tick", ROOT as i32)
    }

    fn message(&mut self, mailbox: u32) {
        self.enter(ROOT, "proxy_on_queue_ready", (ROOT as i32, mailbox as i32))
    }

    fn answer(&mut self, call: u32, answer: Option<(u16, &str)>) {
        let (status, body) = answer.unwrap_or_default();
        let data = self.store.data_mut();
        (data.status, data.body) = (status, body.as_bytes().to_vec());
        let with = (ROOT as i32, call as i32, i32::from(answer.is_some()), body.len() as i32, 0);
        self.enter(ROOT, "proxy_on_http_call_response", with)
    }

    fn done(&mut self) -> bool {
        self.enter::<_, i32>(ROOT, "proxy_on_done", ROOT as i32) == 1
    }
}

/// proxy-wasm's number for the headers of an answer to a call; all others here are a stream's.
const ANSWER_TO_A_CALL: i32 = 6;

type Host<'a> = Caller<'a, Thread>;

fn link(to: &mut Linker<Thread>) -> Result<(), wasmi::Error> {
    const ENV: &str = "env";
    to.func_wrap(ENV, "proxy_log", |c: Host<'_>, _: i32, at: i32, size: i32| {
        let line = text(&c, at, size);
        c.data().proxy.borrow_mut().log.push(line);
        OK
    })?;
    to.func_wrap(ENV, "proxy_get_current_time_nanoseconds", |mut c: Host<'_>, at: i32| {
        let now = c.data().proxy.borrow().now * 1_000_000;
        put(&mut c, at, &now.to_le_bytes());
        OK
    })?;
    to.func_wrap(ENV, "proxy_set_tick_period_milliseconds", |c: Host<'_>, period: i32| {
        c.data().proxy.borrow_mut().set_timer(c.data().number, period as u32 as u64);
        OK
    })?;
    to.func_wrap(
        ENV,
        "proxy_get_buffer_bytes",
        |mut c: Host<'_>, kind: i32, from: i32, most: i32, at: i32, size: i32| {
            let buffer = match kind {
                7 => c.data().plugin.clone(),
                4 => c.data().body.clone(),
                _ => return NOT_FOUND,
            };
            let part = buffer.into_iter().skip(from as usize).take(most as u32 as usize);
            give(&mut c, &part.collect::<Vec<u8>>(), at, size);
            OK
        },
    )?;
    link_shared(to)?;
    link_streams(to)?;
    link_metrics(to)
}

/// What the kit that plugins are made with imports, and this one does not use. There is nothing but
/// the interface: no system.
fn link_rest(to: &mut Linker<Thread>) {
    for import in module().imports() {
        assert_eq!(import.module(), "env", "{}", import.name());
        let name = import.name().to_owned();
        let kind = import.ty().func().expect("only functions are imported").clone();
        // What is there already stays.
        let _ = to.func_new("env", import.name(), kind, move |_, _, _| {
            Err(wasmi::Error::new(format!("{name} is not simulated")))
        });
    }
}

fn link_shared(to: &mut Linker<Thread>) -> Result<(), wasmi::Error> {
    const ENV: &str = "env";
    to.func_wrap(
        ENV,
        "proxy_get_shared_data",
        |mut c: Host<'_>, name: i32, length: i32, at: i32, size: i32, version: i32| {
            let name = text(&c, name, length);
            let found = c.data().proxy.borrow().read(&name);
            let Some((value, found)) = found else { return NOT_FOUND };
            give(&mut c, &value, at, size);
            put(&mut c, version, &found.to_le_bytes());
            OK
        },
    )?;
    to.func_wrap(
        ENV,
        "proxy_set_shared_data",
        |c: Host<'_>, name: i32, length: i32, at: i32, size: i32, over: i32| {
            let (name, value) = (text(&c, name, length), bytes(&c, at, size));
            let over = Some(over as u32).filter(|over| *over != 0);
            let written = c.data().proxy.borrow_mut().write(&name, &value, over);
            if written { OK } else { VERSION_DIFFERS }
        },
    )?;
    to.func_wrap(
        ENV,
        "proxy_register_shared_queue",
        |mut c: Host<'_>, name: i32, length: i32, id: i32| {
            let name = text(&c, name, length);
            let opened = c.data().proxy.borrow_mut().open_mailbox(&name, c.data().number);
            put(&mut c, id, &opened.to_le_bytes());
            OK
        },
    )?;
    to.func_wrap(
        ENV,
        "proxy_resolve_shared_queue",
        |mut c: Host<'_>, _: i32, _: i32, name: i32, length: i32, id: i32| {
            let name = text(&c, name, length);
            let found = c.data().proxy.borrow().find_mailbox(&name);
            let Some(found) = found else { return NOT_FOUND };
            put(&mut c, id, &found.to_le_bytes());
            OK
        },
    )?;
    to.func_wrap(ENV, "proxy_enqueue_shared_queue", |c: Host<'_>, id: i32, at: i32, size: i32| {
        let message = bytes(&c, at, size);
        c.data().proxy.borrow_mut().mailbox(id as u32).messages.push_back(message);
        OK
    })?;
    to.func_wrap(
        ENV,
        "proxy_dequeue_shared_queue",
        |mut c: Host<'_>, id: i32, at: i32, size: i32| {
            let message = c.data().proxy.borrow_mut().mailbox(id as u32).messages.pop_front();
            let Some(message) = message else { return EMPTY };
            give(&mut c, &message, at, size);
            OK
        },
    )?;
    to.func_wrap(
        ENV,
        "proxy_http_call",
        |mut c: Host<'_>,
         cluster: i32,
         length: i32,
         headers: i32,
         many: i32,
         body: i32,
         size: i32,
         _: i32,
         _: i32,
         _: i32,
         id: i32| {
            // An answer is told to who is being told something when the call is made.
            assert_eq!(c.data().context, ROOT, "calls are the root's");
            let (cluster, headers) = (text(&c, cluster, length), read(&bytes(&c, headers, many)));
            let body = bytes(&c, body, size);
            let number = c.data().number;
            let call = c.data().proxy.borrow_mut().call(number, &cluster, headers, &body);
            put(&mut c, id, &call.to_le_bytes());
            OK
        },
    )?;
    Ok(())
}

fn link_streams(to: &mut Linker<Thread>) -> Result<(), wasmi::Error> {
    const ENV: &str = "env";
    to.func_wrap(ENV, "proxy_set_effective_context", |mut c: Host<'_>, context: i32| {
        c.data_mut().context = context as u32;
        OK
    })?;
    to.func_wrap(
        ENV,
        "proxy_get_header_map_pairs",
        |mut c: Host<'_>, map: i32, at: i32, size: i32| {
            let context = c.data().context;
            let headers = match map {
                ANSWER_TO_A_CALL => {
                    vec![(":status".to_owned(), c.data().status.to_string().into_bytes())]
                }
                _ => c.data().proxy.borrow_mut().stream(context).headers.clone(),
            };
            give(&mut c, &written(&headers), at, size);
            OK
        },
    )?;
    to.func_wrap(
        ENV,
        "proxy_get_header_map_value",
        |mut c: Host<'_>, _: i32, name: i32, length: i32, at: i32, size: i32| {
            assert_eq!(text(&c, name, length), ":status", "nothing else is looked at");
            let status = c.data().status.to_string();
            give(&mut c, status.as_bytes(), at, size);
            OK
        },
    )?;
    to.func_wrap(
        ENV,
        "proxy_remove_header_map_value",
        |c: Host<'_>, _: i32, name: i32, length: i32| {
            let name = text(&c, name, length);
            let context = c.data().context;
            c.data().proxy.borrow_mut().stream(context).headers.retain(|(own, _)| *own != name);
            OK
        },
    )?;
    to.func_wrap(
        ENV,
        "proxy_add_header_map_value",
        |c: Host<'_>, _: i32, name: i32, length: i32, value: i32, size: i32| {
            let header = (text(&c, name, length), bytes(&c, value, size));
            let context = c.data().context;
            c.data().proxy.borrow_mut().stream(context).headers.push(header);
            OK
        },
    )?;
    to.func_wrap(ENV, "proxy_continue_stream", |c: Host<'_>, _: i32| {
        let context = c.data().context;
        c.data().proxy.borrow_mut().stream(context).state = State::Forwarded;
        OK
    })?;
    to.func_wrap(
        ENV,
        "proxy_send_local_response",
        |c: Host<'_>, status: i32, _: i32, _: i32, body: i32, size: i32, _: i32, _: i32, _: i32| {
            let context = c.data().context;
            let answered = State::Answered(status as u16, text(&c, body, size));
            c.data().proxy.borrow_mut().stream(context).state = answered;
            OK
        },
    )?;
    to.func_wrap(ENV, "proxy_done", |c: Host<'_>| {
        c.data().proxy.borrow_mut().finished.push(c.data().number);
        OK
    })?;
    Ok(())
}

fn link_metrics(to: &mut Linker<Thread>) -> Result<(), wasmi::Error> {
    const ENV: &str = "env";
    to.func_wrap(
        ENV,
        "proxy_define_metric",
        |mut c: Host<'_>, _: i32, name: i32, length: i32, id: i32| {
            let name = text(&c, name, length);
            c.data_mut().metrics.push(name);
            let number = c.data().metrics.len() as u32 - 1;
            put(&mut c, id, &number.to_le_bytes());
            OK
        },
    )?;
    to.func_wrap(ENV, "proxy_increment_metric", |c: Host<'_>, id: i32, by: i64| {
        let data = c.data();
        data.proxy.borrow_mut().count(&data.metrics[id as usize], by.unsigned_abs());
        OK
    })?;
    to.func_wrap(ENV, "proxy_record_metric", |c: Host<'_>, id: i32, value: i64| {
        let data = c.data();
        let name = data.metrics[id as usize].clone();
        data.proxy.borrow_mut().stats.insert(name, value.unsigned_abs());
        OK
    })?;
    Ok(())
}

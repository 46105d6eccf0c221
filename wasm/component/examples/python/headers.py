"""Prints the headers for requests to the cluster of the kubeconfig: headers.py kubecred.wasm"""

import os
import subprocess
import sys
import time

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

store = Store(Engine())
kubecred = Linker(store.engine).instantiate(store, Component.from_file(store.engine, sys.argv[1]))


def call(interface, name, *arguments):
    index = kubecred.get_export_index(store, f"kubecred:auth/{interface}@0.1.0")
    function = kubecred.get_func(store, kubecred.get_export_index(store, name, index))
    result = function(store, *arguments)
    function.post_return(store)
    return result


def record(**fields):
    made = Record()
    made.__dict__.update((name.replace("_", "-"), value) for name, value in fields.items())
    return made


def now():
    return record(monotonic=time.monotonic_ns() // 1_000_000, wall=time.time_ns() // 1_000_000)


def attempt(work):
    kinds = {
        FileNotFoundError: "not-found",
        NotImplementedError: "unsupported",
        OverflowError: "too-large",
        PermissionError: "denied",
    }
    try:
        return work()
    except (OSError, NotImplementedError, OverflowError) as error:
        return record(kind=kinds.get(type(error), "other"), detail=str(error))


def limited(data, limit):
    if len(data) > limit:
        raise OverflowError("more than was asked for")
    return data


def perform(kind, job):
    if kind == "read-file":
        with open(job.path, "rb") as file:
            return Variant("file", limited(file.read(), job.limit))
    if kind == "run-command" and job.allowlist is None:
        env = os.environ | {variable.name: variable.value.decode() for variable in job.env}
        stdin = None if job.stdin == "inherit" else subprocess.DEVNULL
        command = [job.program, *job.args]
        ended = subprocess.run(command, env=env, stdin=stdin, stdout=subprocess.PIPE)
        stdout = limited(ended.stdout, job.limit)
        return Variant("exit", record(code=max(ended.returncode, -1), stdout=stdout))
    raise NotImplementedError(f"not by this host: {kind}")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def is_utf8(value):
    return not any("\udc80" <= character <= "\udcff" for character in value)


environment = record(
    variables=[(name, value) for name, value in os.environ.items() if is_utf8(value)],
    not_utf8=[name for name, value in os.environ.items() if not is_utf8(value)],
    paths="unix",
    working_directory=os.getcwd(),
    stdin=record(terminal=sys.stdin.isatty(), unavailable=None),
    plugin_policy=Variant("allow-all"),
)
step = Variant("read", call("settings", "[constructor]detection", None, None, environment))
while step.tag == "read":
    paths = call("settings", "[method]detection.reads", step.payload)
    reads = [attempt(lambda: read(path)) for path in paths]
    step = call("settings", "[static]detection.feed", step.payload, reads)
    if isinstance(step, Record):
        sys.exit(step.message)
authenticator = call("credentials", "[constructor]authenticator", step.payload, None, time.time_ns())
inputs = [Variant("demand")]
while inputs:
    step = call("credentials", "[method]authenticator.handle", authenticator, now(), inputs.pop(0))
    for action in step.actions:
        if hasattr(action.payload, "request"):  # The others tell, and do not ask.
            outcome = attempt(lambda: perform(action.tag, action.payload.request))
            inputs.append(Variant("complete", record(id=action.payload.id, outcome=outcome)))
credential = call("credentials", "[method]authenticator.credential", authenticator, now())
if not isinstance(credential, Record):
    sys.exit(getattr(credential.payload, "message", credential.tag))
for header in credential.headers:
    print(f"{header.name}: {header.value.decode()}")

//! The system under test: `service`, `interface`, readiness checks, `op`, `observe`, `decoder`.

use super::{machine, sources};
use crate::args::{Call, Named, brief};
use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::session::Session;
use crate::store::Store;
use crate::suggest;
use crate::values::fault::calls_named;
use crate::values::health::{HealthCheck, OpValue};
use crate::values::service::{InterfaceRef, MachineDecl, PROTOCOLS, Service, ServiceDecl};
use model::plan::{Check, Interface, Op};
use model::{Glob, VirtualDuration};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::tuple::UnpackTuple;
use std::sync::Arc;

#[starlark_module]
pub(super) fn topology(builder: &mut GlobalsBuilder) {
    /// Declares a service: a program on a host of its own, named like the service.
    fn service<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let surroundings = Session::of(eval).and_then(Session::surroundings);
        let mut declared = declare(Call::new("service", args, kwargs))?;
        if let Some(surroundings) = surroundings {
            let binary = declared.binary.clone();
            if let Some(build) = &declared.machine.build {
                (surroundings.build)(build).map_err(|why| {
                    let message = format!("the program of service {} could not be built: {why}", declared.name);
                    Diagnostic::new(Code::Build, message).focus("build")
                })?;
            }
            for (host, _) in &mut declared.machine.volumes {
                let found = (surroundings.resolve_path)(host).map_err(|why| {
                    let message = format!("the volume {host:?} of service {} cannot be used: {why}", declared.name);
                    Diagnostic::argument(message).focus(host.as_str())
                })?;
                *host = found;
            }
            declared.binary =
                (surroundings.resolve_binary)(&binary, declared.machine.build.as_ref()).map_err(|why| {
                    let message = format!("the program {binary:?} of service {} cannot be used: {why}", declared.name);
                    Diagnostic::new(Code::Binary, message).focus(&binary)
                })?;
        }
        let store = Store::of(eval.module());
        let taken = |v: &Value<'v>| Service::from_value(*v).is_some_and(|s| s.0.name == declared.name);
        if store.declared.borrow().iter().any(taken) {
            let message = format!("there already is a service {:?}", declared.name);
            return Err(Diagnostic::new(Code::Duplicate, message).focus(&declared.name).into());
        }
        let value = eval.heap().alloc(Service(Arc::new(declared)));
        store.declare(value);
        Ok(value)
    }

    /// A port that a service listens on, and the protocol spoken there.
    fn interface<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<InterfaceRef> {
        let mut call = Call::new("interface", args, kwargs);
        let name = call.required("name")?;
        let name = call.text("name", name)?;
        let protocol = call.required("protocol")?;
        let protocol = call.text("protocol", protocol)?;
        let port = call.required("port")?;
        let port = u16::try_from(call.int("port", port)?).ok().filter(|p| *p > 0);
        let port = port.ok_or_else(|| call.bad("port", "must be a number from 1 to 65535"))?;
        call.refuse("spec", "steps take their paths and bodies as they are")?;
        call.refuse("tls", "declare the interface without TLS")?;
        if !PROTOCOLS.contains(&protocol.as_str()) {
            let why = call.bad("protocol", &format!("is unknown: {protocol:?}"));
            let all = format!("there are: {}", PROTOCOLS.join(", "));
            return Err(why.help(all).help_if(suggest::hint(&protocol, PROTOCOLS)).focus(protocol).into());
        }
        call.finish()?;
        Ok(InterfaceRef { service: None, interface: Interface { name, protocol, port } })
    }

    /// A readiness check: the port accepts a connection.
    fn tcp<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<HealthCheck> {
        Ok(check_at(Call::new("tcp", args, kwargs), "tcp")?)
    }

    /// A readiness check: a request is answered with a status from 200 to 399.
    fn http<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<HealthCheck> {
        Ok(check_at(Call::new("http", args, kwargs), "http")?)
    }

    /// A readiness check: the service's first interface accepts a connection.
    fn ready<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<HealthCheck> {
        let mut call = Call::new("ready", args, kwargs);
        let timeout = call.named("timeout").map(|v| call.duration("timeout", v)).transpose()?;
        call.finish()?;
        Ok(HealthCheck { check: Check::Tcp, address: None, timeout: timeout.unwrap_or(VirtualDuration::secs(30)) })
    }

    /// A named group of system calls of a service, usable as a fault keyword.
    fn op<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<OpValue> {
        let mut call = Call::new("op", args, kwargs);
        let names = call.required("syscalls")?;
        let names = call.texts("syscalls", names)?;
        let path = call.named("path").map(|v| call.text("path", v)).transpose()?;
        let mut calls = Vec::new();
        for name in &names {
            let found = calls_named(name).map_err(|help| {
                Diagnostic::new(Code::UnknownSyscall, format!("unknown system call {name:?}")).help(help).focus(name)
            })?;
            calls.extend(found.into_iter().map(|call| call.name().to_owned()));
        }
        if calls.is_empty() {
            return Err(call.bad("syscalls", "must name at least one system call").into());
        }
        call.finish()?;
        Ok(OpValue { calls, path: path.map(|p| Glob::path(&p)) })
    }
}

fn check_at(mut call: Call<'_>, kind: &str) -> Result<HealthCheck, Diagnostic> {
    let address = call.required("address")?;
    let address = call.text("address", address)?;
    let timeout = call.named("timeout").map(|v| call.duration("timeout", v)).transpose()?;
    call.finish()?;
    HealthCheck::parse(kind, &address, timeout.unwrap_or(VirtualDuration::secs(10)))
}

/// Reads the arguments of `service()`.
fn declare(mut call: Call<'_>) -> Result<ServiceDecl, Diagnostic> {
    let name = call.required("name")?;
    let name = service_name(&call, name)?;
    let (binary, interfaces) = program_and_interfaces(&mut call, &name)?;
    let args = call.named("args").map(|v| call.texts("args", v)).transpose()?.unwrap_or_default();
    let env = call.named("env").map(|v| call.text_pairs("env", v)).transpose()?.unwrap_or_default();
    let depends_on = match call.named("depends_on") {
        None => Vec::new(),
        Some(list) => call
            .list("depends_on", list)?
            .into_iter()
            .map(|v| match (Service::from_value(v), v.unpack_str()) {
                (Some(service), _) => Ok(service.0.name.clone()),
                (_, Some(name)) => Ok(name.to_owned()),
                _ => Err(call.not("depends_on", "a list of services or their names", v)),
            })
            .collect::<Result<_, _>>()?,
    };
    let health = match call.named("healthcheck") {
        None => None,
        Some(value) => {
            let check = HealthCheck::from_value(value);
            let check = check.ok_or_else(|| call.not("healthcheck", "tcp(…), http(…) or ready()", value))?;
            check.of(&name, &interfaces)?;
            Some(check.clone())
        }
    };
    let observed = sources::observed(&mut call, &name, &interfaces)?;
    let mut ops = Vec::new();
    for (name, value) in call.named("ops").map(|v| call.pairs("ops", v)).transpose()?.unwrap_or_default() {
        let op = OpValue::from_value(value).ok_or_else(|| call.not("ops", "a dict of op(…)", value))?;
        ops.push(Op { name: call.text("ops", name)?, calls: op.calls.clone(), path: op.path.clone() });
    }
    let built = machine::build(&mut call, &name)?;
    let machine = MachineDecl { build: built, ..machine::machine(&mut call)? };
    refuse_others(&mut call)?;
    call.finish()?;
    Ok(ServiceDecl { name, machine, binary, args, env, interfaces, depends_on, health, observed, ops })
}

fn service_name(call: &Call<'_>, value: Value<'_>) -> Result<String, Diagnostic> {
    let name = value
        .unpack_str()
        .ok_or_else(|| Diagnostic::argument(format!("service(): `name` must be a string, not {}", brief(value))))?;
    let good = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if name == "test" || !good {
        let help =
            "a name starts with a letter and has letters, digits, '-' and '_'; `test` is the specification's own";
        return Err(call.bad("name", &format!("cannot be {name:?}")).help(help).focus(name));
    }
    Ok(name.to_owned())
}

fn program_and_interfaces(call: &mut Call<'_>, service: &str) -> Result<(String, Vec<Interface>), Diagnostic> {
    let mut positional = call.rest_positional();
    let named = call.named("binary");
    let first = positional.first().and_then(|v| v.unpack_str()).map(str::to_owned);
    if first.is_some() {
        positional.remove(0);
    }
    let binary = match (first, named) {
        (Some(_), Some(_)) => return Err(call.bad("binary", "was given twice")),
        (Some(binary), None) => binary,
        (None, Some(value)) => call.text("binary", value)?,
        (None, None) => {
            refuse_others(call)?;
            return Err(Diagnostic::argument(format!("service {service:?} needs a program"))
                .help("write it second: service(name, \"path/of/program\", …), or as binary ="));
        }
    };
    let mut interfaces: Vec<Interface> = Vec::new();
    for value in positional {
        let given = InterfaceRef::from_value(value).ok_or_else(|| {
            let help = "after the name and the program come interface(…) values";
            Diagnostic::argument(format!("service() has no place for {}", brief(value))).help(help)
        })?;
        let interface = &given.interface;
        if let Some(other) = interfaces.iter().find(|i| i.name == interface.name || i.port == interface.port) {
            let message = format!("the interfaces {:?} and {:?} share a name or a port", other.name, interface.name);
            return Err(Diagnostic::new(Code::Duplicate, message).focus(&interface.name));
        }
        interfaces.push(interface.clone());
    }
    Ok((binary, interfaces))
}

/// Keywords of `service()` elsewhere, and common mistakes.
fn refuse_others(call: &mut Call<'_>) -> Result<(), Diagnostic> {
    const PROGRAM: &str = "give the program itself: binary = \"path/of/program\"";
    for name in ["image", "remote"] {
        call.refuse(name, PROGRAM)?;
    }
    for name in ["cmd", "entrypoint"] {
        call.refuse(name, "the program is binary =, its arguments are args = […]")?;
    }
    for name in ["http", "tcp"] {
        call.refuse(name, "declare ports as interface(name, protocol, port) after the program")?;
    }
    call.refuse("ports", "every service has a host of its own: it listens on the port it likes")?;
    for name in ["reuse", "seed", "reset"] {
        call.refuse(name, "every test starts from fresh services")?;
    }
    call.refuse("seccomp", "all system calls are simulated")?;
    call.refuse("nondeterministic_ok", "every run is deterministic")
}

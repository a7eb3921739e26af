//! Services, their interfaces, and the steps a test can take against them: `api`, `api.main`, `api.main.post`.

use crate::args::{Call, Named};
use crate::builtins::machine::Build;
use crate::diagnostic::Diagnostic;
use crate::identity;
use crate::values::health::HealthCheck;
use allocative::Allocative;
use model::plan::{Hardware, Interface, LineDecoder, Op, Poll, User};
use model::traffic::Traffic;
use model::{Glob, LineSource};
use starlark::any::ProvidesStaticType;
use starlark::collections::StarlarkHasher;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::tuple::UnpackTuple;
use starlark::values::{Heap, NoSerialize, StarlarkValue, Value, starlark_value};
use std::fmt;
use std::hash::Hash as _;
use std::sync::Arc;

/// What `service()` was told.
#[derive(Debug)]
pub(crate) struct ServiceDecl {
    pub(crate) name: String,
    /// As the specification names it, or the host's path once it has been found.
    pub(crate) binary: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) health: Option<HealthCheck>,
    pub(crate) observed: Observed,
    pub(crate) ops: Vec<Op>,
    pub(crate) machine: MachineDecl,
}

/// What is observed of a service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// Files whose lines are `wal` events.
    pub(crate) wal: Vec<Glob>,
    /// Files whose lines are `topic` events.
    pub(crate) topic: Vec<Glob>,
    /// Ports whose messages are `topic` events.
    pub(crate) traffic: Vec<Traffic>,
    pub(crate) polls: Vec<Poll>,
    /// How lines and messages are decoded.
    pub(crate) decoders: Vec<(LineSource, LineDecoder)>,
}

/// What `service()` was told about its machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachineDecl {
    /// How the program comes to be there.
    pub(crate) build: Option<Build>,
    /// What of the host is shown, and where; the host's paths as they are written, or once they were found.
    pub(crate) volumes: Vec<(String, String)>,
    /// Directories that are empty at first and can be written.
    pub(crate) disks: Vec<String>,
    pub(crate) hardware: Hardware,
    pub(crate) user: User,
}

impl ServiceDecl {
    /// The interface that steps on the service itself mean: the only one, or the one named `default`.
    fn default_interface(&self) -> Option<usize> {
        match self.interfaces.as_slice() {
            [_] => Some(0),
            all => all.iter().position(|i| i.name == "default"),
        }
    }
}

/// A service.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Service(#[allocative(skip)] pub(crate) Arc<ServiceDecl>);

/// An interface of a service, or one that is yet to be given to a service.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct InterfaceRef {
    #[allocative(skip)]
    pub(crate) service: Option<Arc<ServiceDecl>>,
    #[allocative(skip)]
    pub(crate) interface: Interface,
}

/// A step that waits for its arguments.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Step {
    #[allocative(skip)]
    pub(crate) service: Arc<ServiceDecl>,
    /// `None` if the service has several interfaces and none of them was named.
    pub(crate) interface: Option<usize>,
    pub(crate) method: String,
}

starlark_simple_value!(Service);
starlark_simple_value!(InterfaceRef);
starlark_simple_value!(Step);

/// The steps that a protocol has.
pub(crate) fn methods_of(protocol: &str) -> &'static [&'static str] {
    match protocol {
        "http" => &["get", "post", "put", "delete", "patch"],
        "tcp" => &["send", "try_send"],
        "redis" => &["get", "set", "del", "delete", "ping", "keys", "lpush", "rpush", "lrange", "incr", "command"],
        "udp" => &["send", "send_no_reply"],
        _ => &[],
    }
}

/// Protocols that an interface may declare. Those without steps are for the services' own conversations.
pub(crate) const PROTOCOLS: [&str; 15] = [
    "http",
    "tcp",
    "http2",
    "grpc",
    "udp",
    "postgres",
    "mysql",
    "redis",
    "kafka",
    "nats",
    "mongodb",
    "cassandra",
    "clickhouse",
    "amqp",
    "memcached",
];

/// The step that an attribute of this name means, whether or not the protocol has it.
fn step_called(name: &str) -> Option<String> {
    let name = if name == identity::DELETE { "del" } else { name };
    PROTOCOLS.iter().any(|protocol| methods_of(protocol).contains(&name)).then(|| name.to_owned())
}

#[starlark_value(type = "service")]
impl<'v> StarlarkValue<'v> for Service {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        if let Some(interface) = self.0.interfaces.iter().find(|i| i.name == attribute) {
            let interface = interface.clone();
            return Some(heap.alloc(InterfaceRef { service: Some(Arc::clone(&self.0)), interface }));
        }
        match attribute {
            "name" => Some(heap.alloc(self.0.name.as_str())),
            name => {
                let (method, interface) = (step_called(name)?, self.0.default_interface());
                Some(heap.alloc(Step { service: Arc::clone(&self.0), interface, method }))
            }
        }
    }
    fn dir_attr(&self) -> Vec<String> {
        let interfaces = self.0.interfaces.iter().map(|i| i.name.clone());
        std::iter::once("name".to_owned()).chain(interfaces).collect()
    }
    fn write_hash(&self, hasher: &mut StarlarkHasher) -> starlark::Result<()> {
        self.0.name.hash(hasher);
        Ok(())
    }
    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(Service::from_value(other).is_some_and(|o| o.0.name == self.0.name))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service({:?})", self.0.name)
    }
}

#[starlark_value(type = "interface")]
impl<'v> StarlarkValue<'v> for InterfaceRef {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        match attribute {
            "name" => return Some(heap.alloc(self.interface.name.as_str())),
            "protocol" => return Some(heap.alloc(self.interface.protocol.as_str())),
            "port" => return Some(heap.alloc(i32::from(self.interface.port))),
            _ => {}
        }
        let service = self.service.as_ref()?;
        match attribute {
            "addr" | "internal_addr" => Some(heap.alloc(format!("{}:{}", service.name, self.interface.port))),
            "host" => Some(heap.alloc(service.name.as_str())),
            name => {
                let method = step_called(name)?;
                let interface = service.interfaces.iter().position(|i| i.name == self.interface.name);
                Some(heap.alloc(Step { service: Arc::clone(service), interface, method }))
            }
        }
    }
    fn dir_attr(&self) -> Vec<String> {
        ["addr", "host", "internal_addr", "name", "port", "protocol"].map(str::to_owned).to_vec()
    }
}

impl fmt::Display for InterfaceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interface({:?}, {:?}, {})", self.interface.name, self.interface.protocol, self.interface.port)
    }
}

impl Step {
    /// The interface the step goes to.
    ///
    /// # Errors
    /// If none can be meant, or it does not speak a protocol that has the step.
    fn interface(&self) -> Result<&Interface, Diagnostic> {
        let names = || self.service.interfaces.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
        let (service, method) = (&self.service.name, &self.method);
        let Some(interface) = self.interface.map(|i| &self.service.interfaces[i]) else {
            let message = format!("{service}.{method}: the service {service} does not have exactly one interface");
            return Err(Diagnostic::argument(message)
                .help(format!("name the interface, as in {service}.<interface>.{method}(); there are: {}", names())));
        };
        let methods = methods_of(&interface.protocol);
        if methods.contains(&method.as_str()) {
            return Ok(interface);
        }
        let what = format!("{service}.{}.{method}() over {}", interface.name, interface.protocol);
        Err(match methods {
            [] => Diagnostic::unsupported(&what, "steps speak http, tcp, udp and redis"),
            methods => Diagnostic::argument(format!("{} has no step {method}()", interface.protocol))
                .help(format!("its steps are {}", methods.join(", "))),
        })
    }
}

#[starlark_value(type = "step")]
impl<'v> StarlarkValue<'v> for Step {
    fn invoke(
        &self,
        _: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let interface = self.interface()?;
        let named: Named<'v> = args.names_map()?.into_iter().map(|(k, v)| (k.as_str().to_owned(), v)).collect();
        let positional = UnpackTuple { items: args.positions(eval.heap())?.collect() };
        let call = Call::new(&format!("{}.{}", self.service.name, self.method), positional, named);
        crate::run::steps::take(self, interface, call, eval)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.service.name, self.method)
    }
}

//! Starting the services: one after another in the order of their dependencies, each once the ones before it are ready.

use super::Broken;
use crate::diagnostic::{Violation, interrupted};
use crate::session::Live;
use model::event::{Note, Value};
use model::plan::{Check, Health, Service};
use model::{Errno, Failure, ServiceId, Stopped, VirtualDuration, VirtualTime};
use protocol::http;

/// Time between two looks at a service that is not ready.
const PAUSE: VirtualDuration = VirtualDuration::millis(10);

/// Starts the services in this order.
pub(super) fn boot(live: &Live<'_>, order: &[ServiceId]) -> Result<(), Broken> {
    for &id in order {
        let service = live.plan.service(id).expect("the order is one of the plan's services");
        live.machine.start(id)?;
        note(live, "service_started", service);
        if let Some(health) = &service.health {
            wait_until_ready(live, id, service, health)?;
        }
        note(live, "service_ready", service);
    }
    Ok(())
}

/// Starts a service again, and waits until it is ready.
pub(crate) fn restart(live: &Live<'_>, id: ServiceId) -> starlark::Result<()> {
    let service = live.plan.service(id).expect("a service of the plan");
    live.machine.start(id).map_err(interrupted)?;
    note(live, "service_restarted", service);
    if let Some(health) = &service.health {
        match wait_until_ready(live, id, service, health) {
            Err(Broken::Failure(failure)) => return Err(Violation::new(failure.message).at(failure.at).into()),
            Err(Broken::Interrupted | Broken::Halted) => return Err(interrupted(Stopped)),
            Ok(()) => {}
        }
    }
    note(live, "service_ready", service);
    Ok(())
}

fn note(live: &Live<'_>, kind: &str, service: &Service) {
    live.machine.note(Note::new(kind, [("service", Value::from(service.name.as_str()))]));
}

fn wait_until_ready(live: &Live<'_>, id: ServiceId, service: &Service, health: &Health) -> Result<(), Broken> {
    let machine = live.machine;
    let deadline = machine.now().after(health.timeout);
    loop {
        let failed = |message| Failure {
            kind: "boot".into(),
            property: service.name.clone(),
            message,
            at: machine.events().checked_sub(1).map(model::EventIndex),
            location: None,
        };
        if !machine.is_alive(id) {
            return Err(failed(format!("{} exited before it was ready", service.name)).into());
        }
        let Err(why) = probe(live, id, service, health, deadline)? else {
            return Ok(());
        };
        if machine.now() >= deadline {
            let message = format!("{} was not ready within {}: {why}", service.name, health.timeout);
            return Err(failed(message).into());
        }
        machine.sleep(PAUSE)?;
    }
}

/// One look at a service; says why it is not ready, if it is not.
fn probe(
    live: &Live<'_>,
    id: ServiceId,
    service: &Service,
    health: &Health,
    deadline: VirtualTime,
) -> Result<Result<(), String>, Stopped> {
    let machine = live.machine;
    let at = format!("port {}", health.port);
    let refused = |errno: Errno| format!("{at}: {}", errno.message());
    let connection = match machine.connect(id, health.port, deadline)? {
        Ok(connection) => connection,
        Err(errno) => return Ok(Err(refused(errno))),
    };
    let ready = match &health.check {
        Check::Tcp => Ok(()),
        Check::Ping => super::steps::ping(live, connection, deadline)?.map_err(|why| format!("PING: {why}")),
        Check::Http(_) | Check::Answers => {
            let (path, well) = match &health.check {
                Check::Http(path) => (path.as_str(), 200..400),
                _ => ("/", 100..500),
            };
            let host = format!("{}:{}", service.name, health.port);
            match http::request("GET", &host, path, &[], b"") {
                Err(bad) => Err(bad.to_string()),
                Ok(request) => match super::steps::exchange(live, connection, &request, deadline)? {
                    Ok(response) if well.contains(&response.status()) => Ok(()),
                    Ok(response) => Err(format!("GET {path} answers {}", response.status())),
                    Err(why) => Err(format!("GET {path}: {why}")),
                },
            }
        }
    };
    machine.close(connection);
    Ok(ready)
}

//! From declared services to a [`Plan`]: numbers, dependencies, environments, the order in which to start.

use crate::error::{Code, SpecError};
use crate::source::Sources;
use crate::suggest;
use crate::values::service::ServiceDecl;
use model::ServiceId;
use model::plan::{Plan, Service};

/// The prefixes of the variables that tell every service where every interface is.
const PREFIXES: [&str; 2] = ["FBSIM", "FAULTBOX"];

/// Makes the plan of these services; its tests are filled in later.
pub(crate) fn build(
    declared: &[&ServiceDecl],
    overrides: &[(String, String)],
    sources: &Sources,
) -> Result<Plan, SpecError> {
    for (i, service) in declared.iter().enumerate() {
        if declared[..i].iter().any(|other| other.name == service.name) {
            let message = format!("there are two services called {:?}", service.name);
            return Err(SpecError::new(Code::Duplicate, message).at(locate(sources, &service.name)));
        }
    }
    let everyone = addresses(declared);
    let mut plan = Plan::default();
    for service in declared {
        let health = service.health.as_ref().map(|check| check.of(&service.name, &service.interfaces)).transpose();
        let health = health.map_err(|why| SpecError::new(why.code, why.message).help(why.help))?;
        let mut env = everyone.clone();
        for (name, value) in service.env.iter().chain(overrides) {
            match env.iter_mut().find(|(n, _)| n == name) {
                Some(entry) => entry.1.clone_from(value),
                None => env.push((name.clone(), value.clone())),
            }
        }
        let depends_on = service
            .depends_on
            .iter()
            .map(|name| find(declared, name).ok_or_else(|| unknown(declared, service, name, sources)))
            .collect::<Result<_, _>>()?;
        plan.services.push(Service {
            name: service.name.clone(),
            binary: service.binary.clone(),
            args: service.args.clone(),
            env,
            interfaces: service.interfaces.clone(),
            depends_on,
            health,
            observe_wal: service.observed.wal.clone(),
            observe_topic: service.observed.topic.clone(),
            observe_traffic: service.observed.traffic.clone(),
            polls: service.observed.polls.clone(),
            decoders: service.observed.decoders.clone(),
            ops: service.ops.clone(),
            mounts: service.machine.volumes.clone(),
            disks: service.machine.disks.clone(),
            hardware: service.machine.hardware,
            user: service.machine.user.clone(),
        });
    }
    Ok(plan)
}

/// The order in which to start the services: dependencies first, otherwise as declared.
pub(crate) fn start_order(plan: &Plan, sources: &Sources) -> Result<Vec<ServiceId>, SpecError> {
    let mut order = Vec::new();
    for id in plan.ids() {
        visit(plan, id, &mut Vec::new(), &mut order).map_err(|cycle| {
            let names: Vec<&str> = cycle.iter().map(|id| plan.name(*id)).collect();
            let message = format!("services depend on one another in a circle: {}", names.join(" -> "));
            SpecError::new(Code::Topology, message).at(locate(sources, names[0]))
        })?;
    }
    Ok(order)
}

fn visit(
    plan: &Plan,
    id: ServiceId,
    path: &mut Vec<ServiceId>,
    order: &mut Vec<ServiceId>,
) -> Result<(), Vec<ServiceId>> {
    if order.contains(&id) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|other| *other == id) {
        let mut cycle = path.split_off(start);
        cycle.push(id);
        return Err(cycle);
    }
    path.push(id);
    for dependency in plan.service(id).into_iter().flat_map(|s| s.depends_on.iter().copied()) {
        visit(plan, dependency, path, order)?;
    }
    path.pop();
    order.push(id);
    Ok(())
}

/// `<PREFIX>_<SERVICE>_<INTERFACE>_HOST`, `_PORT` and `_ADDR` of every interface.
fn addresses(declared: &[&ServiceDecl]) -> Vec<(String, String)> {
    let mut env = Vec::new();
    for service in declared {
        for interface in &service.interfaces {
            let (host, port) = (service.name.as_str(), interface.port.to_string());
            let name = format!("{host}_{}", interface.name).to_uppercase().replace(['-', '.'], "_");
            for prefix in PREFIXES {
                env.push((format!("{prefix}_{name}_HOST"), host.to_owned()));
                env.push((format!("{prefix}_{name}_PORT"), port.clone()));
                env.push((format!("{prefix}_{name}_ADDR"), format!("{host}:{port}")));
            }
        }
    }
    env
}

fn find(declared: &[&ServiceDecl], name: &str) -> Option<ServiceId> {
    declared.iter().position(|s| s.name == name).map(|i| ServiceId(i as u16 + 1))
}

fn unknown(declared: &[&ServiceDecl], service: &ServiceDecl, name: &str, sources: &Sources) -> SpecError {
    let names = declared.iter().map(|s| s.name.as_str()).filter(|n| *n != service.name);
    SpecError::new(Code::Topology, format!("{} depends on {name:?}, which is not a service", service.name))
        .at(locate(sources, name))
        .help(suggest::hint(name, names))
}

/// Where a service's name is written as a string.
fn locate(sources: &Sources, name: &str) -> Option<crate::error::Place> {
    sources.locate(&format!("\"{name}\"")).or_else(|| sources.locate(&format!("'{name}'")))
}

//! Faults of machines, links, clocks and disks.
//!
//! Most of these builtins have two forms: with services first they happen now (`crash(db)`), without they are faults to be
//! put in place (`fault_assumption("power", target = db, fsync = crash())`).

use super::domain::take_assumptions;
use super::faults::{finish, host};
use crate::args::{Call, Named, brief};
use crate::diagnostic::{Diagnostic, interrupted};
use crate::run::{boot, faults};
use crate::session::driver;
use crate::store::Store;
use crate::values::domain::{Assumption, AssumptionSpec};
use crate::values::fault::{At, Fault, Rule};
use crate::values::link::{Link, Loss};
use crate::values::service::Service;
use model::fault::{Condition, Crash, DiskLoss, PacketFault, Strike, When};
use model::{Action, FaultRule, Intervention, ServiceId, VirtualDuration};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::{NoneOr, NoneType};
use starlark::values::tuple::UnpackTuple;
use std::sync::Arc;

/// A fault, or what was done at once.
type FaultOr<'v> = NoneOr<Fault>;

#[starlark_module]
pub(super) fn links(builder: &mut GlobalsBuilder) {
    /// What lies between two hosts, as the target of faults. `direction` is "both", "a_to_b" or "b_to_a".
    fn link<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Link> {
        let mut call = Call::new("link", args, kwargs);
        let link = take_link(&mut call)?;
        call.finish()?;
        Ok(link)
    }

    /// Nothing passes between two hosts while `run` runs; without `run` a fault assumption that says so.
    fn partition<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut call = Call::new("partition", args, kwargs);
        let link = take_link(&mut call)?;
        let run = call.named("run").map(|v| call.callable("run", v)).transpose()?;
        call.finish()?;
        let rules = parted(&link);
        match run {
            None => Ok(assume(eval, &format!("partition({})", said(&link)), rules)),
            Some(run) => super::faults::window(eval, rules, None, &[], run),
        }
    }

    /// Nothing passes between two hosts until `partition_stop`, or the end of the test.
    fn partition_start<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = driver(eval, "partition_start()")?;
        let mut call = Call::new("partition_start", args, kwargs);
        let link = take_link(&mut call)?;
        call.finish()?;
        faults::install(live, &parted(&link), None, Some(&ends(&link)))?;
        Ok(NoneType)
    }

    /// Ends what `partition_start` began.
    fn partition_stop<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = driver(eval, "partition_stop()")?;
        let mut call = Call::new("partition_stop", args, kwargs);
        let link = take_link(&mut call)?;
        call.finish()?;
        faults::remove_started(live, &ends(&link));
        Ok(NoneType)
    }

    /// What is sent is lost: a datagram for good, a segment of a connection until it is sent again.
    fn drop<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        Ok(finish(Call::new("drop", args, kwargs), Action::Packet(PacketFault::Drop))?)
    }

    /// What is sent arrives twice; connections hide that.
    fn duplicate<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        Ok(finish(Call::new("duplicate", args, kwargs), Action::Packet(PacketFault::Duplicate))?)
    }

    /// What is sent is so late that what is sent after it may arrive first.
    fn reorder<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        let mut call = Call::new("reorder", args, kwargs);
        let by = duration_or(&mut call, "by", VirtualDuration::millis(20))?;
        Ok(finish(call, Action::Packet(PacketFault::Overtaken(by)))?)
    }

    /// From something that is sent on, nothing passes in this direction for a while.
    fn cut<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        let mut call = Call::new("cut", args, kwargs);
        let span = call.required("duration")?;
        let span = call.duration("duration", span)?;
        Ok(finish(call, Action::Packet(PacketFault::Cut(span)))?)
    }

    /// Resets the connections between two services now; without them, a fault that resets the connection on which
    /// something is sent.
    fn reset<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<FaultOr<'v>> {
        let mut call = Call::new("reset", args, kwargs);
        let Some(a) = call.next("a")? else {
            return Ok(NoneOr::Other(finish(call, Action::Packet(PacketFault::Reset))?));
        };
        let live = driver(eval, "reset()")?;
        let b = call.required("b")?;
        let (a, b) = (host(&call, "a", a)?, host(&call, "b", b)?);
        call.finish()?;
        let id = |name: &str| live.plan.id(name).unwrap_or(ServiceId::DRIVER);
        live.machine.intervene(&Intervention::Reset(id(&a), id(&b))).map_err(interrupted)?;
        Ok(NoneOr::None)
    }
}

#[starlark_module]
pub(super) fn machines(builder: &mut GlobalsBuilder) {
    /// Kills all processes of a service; with `disk` the machine loses its power. Now, or as a fault.
    fn crash<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<FaultOr<'v>> {
        let mut call = Call::new("crash", args, kwargs);
        let service = call.next("service")?;
        let disk = match call.named("disk") {
            None => None,
            Some(value) => {
                let loss = Loss::from_value(value).map(|l| l.0);
                Some(loss.ok_or_else(|| call.not("disk", "lose_unsynced() or torn_write()", value))?)
            }
        };
        let restart_after = call.named("restart_after").map(|v| call.duration("restart_after", v)).transpose()?;
        strike(call, service, Strike::Crash(Crash { disk, restart_after }), eval)
    }

    /// Starts a service again that has crashed or ended, and waits until it is ready.
    fn restart<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = driver(eval, "restart()")?;
        let mut call = Call::new("restart", args, kwargs);
        let service = call.required("service")?;
        let service = service_of(&call, service)?;
        call.finish()?;
        let id = live.plan.id(&service).ok_or_else(|| faults::undeclared(&service))?;
        if live.machine.is_alive(id) {
            live.machine.intervene(&Intervention::Strike(id, Strike::Crash(Crash::default()))).map_err(interrupted)?;
        }
        boot::restart(live, id)?;
        Ok(NoneType)
    }

    /// Lets no thread of a service run for a while. Now (until `resume` if no duration is given), or as a fault.
    fn pause<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<FaultOr<'v>> {
        let mut call = Call::new("pause", args, kwargs);
        let mut first = call.next("service")?;
        let span = match first.filter(|v| v.unpack_str().is_some()) {
            Some(span) => {
                first = None;
                Some(span)
            }
            None => call.next("duration")?,
        };
        let span = match span {
            Some(span) => call.duration("duration", span)?,
            None if first.is_some() => VirtualDuration(u64::MAX),
            None => return Err(call.missing("duration").into()),
        };
        strike(call, first, Strike::Pause(span), eval)
    }

    /// Lets a paused service go on.
    fn resume<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let live = driver(eval, "resume()")?;
        let mut call = Call::new("resume", args, kwargs);
        let service = call.required("service")?;
        let service = service_of(&call, service)?;
        call.finish()?;
        let id = live.plan.id(&service).ok_or_else(|| faults::undeclared(&service))?;
        live.machine.intervene(&Intervention::Resume(id)).map_err(interrupted)?;
        Ok(NoneType)
    }

    /// Moves a service's clock of the time of day; `by` may be negative. Now, or as a fault.
    fn clock_jump<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<FaultOr<'v>> {
        let mut call = Call::new("clock_jump", args, kwargs);
        let first = call.required("by")?;
        let (service, by) = match first.unpack_str() {
            Some(_) => (None, first),
            None => (Some(first), call.required("duration")?),
        };
        let by = signed(&call, "by", by)?;
        strike(call, service, Strike::Jump(by), eval)
    }

    /// A service's clock of the time of day is off by so much, for as long as the fault is in place.
    fn clock_skew<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        let mut call = Call::new("clock_skew", args, kwargs);
        let by = call.required("by")?;
        let by = signed(&call, "by", by)?;
        condition(call, Condition::Skew(by))
    }

    /// A service's disk has room for so many more bytes, for as long as the fault is in place.
    fn disk_full<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Fault> {
        let mut call = Call::new("disk_full", args, kwargs);
        let after = match call.named("after") {
            None => 0,
            Some(value) => {
                let bytes = u64::try_from(call.int("after", value)?).ok();
                bytes.ok_or_else(|| call.bad("after", "must be a number of bytes"))?
            }
        };
        condition(call, Condition::DiskFull(after))
    }

    /// What a crash does to the disk: whatever was not synced may be lost.
    fn lose_unsynced<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Loss> {
        Call::new("lose_unsynced", args, kwargs).finish()?;
        Ok(Loss(DiskLoss::Unsynced))
    }

    /// What a crash does to the disk: the same, and blocks may be half written.
    fn torn_write<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Loss> {
        Call::new("torn_write", args, kwargs).finish()?;
        Ok(Loss(DiskLoss::Torn))
    }

    /// Faults of which the search decides which occur in a run, where, and when. In the ordinary run none does.
    fn faults<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut call = Call::new("faults", args, kwargs);
        let menu = take_assumptions(&mut call, "swarm")?;
        if menu.is_empty() {
            return Err(call.missing("swarm").into());
        }
        call.finish()?;
        let mut rules = Vec::new();
        let mut watching: Vec<Value<'v>> = Vec::new();
        for value in menu {
            let assumption = super::domain::assumption(value);
            rules.extend(assumption.spec.rules.iter().flat_map(by_chance));
            for monitor in &assumption.monitors {
                if !watching.iter().any(|w| w.ptr_eq(*monitor)) {
                    watching.push(*monitor);
                }
            }
        }
        let spec = AssumptionSpec { name: "swarm".into(), description: String::new(), rules };
        Ok(eval.heap().alloc(Assumption { spec: Arc::new(spec), monitors: watching }))
    }
}

/// How likely a fault of a swarm is at a call or packet, in millionths, unless it says so itself.
const SWARM: u32 = 15_000;
/// How long a partition of a swarm lasts, one rule for each.
const SPANS: [VirtualDuration; 3] = [VirtualDuration::millis(200), VirtualDuration::secs(3), VirtualDuration::secs(40)];

/// A rule as a swarm has it: chance decides when it fires.
fn by_chance(rule: &Rule) -> Vec<Rule> {
    let mut rule = rule.clone();
    let at_most = |n: u32, share: u32, when: When| When {
        probability: if when.probability < FaultRule::ALWAYS { when.probability } else { share },
        max_fires: if when.max_fires == 0 { n } else { when.max_fires },
        ..when
    };
    let when = rule.fault.when;
    match rule.fault.action {
        Action::Condition(Condition::Partition) => {
            rule.fault.when = at_most(2, SWARM, when);
            let with = |span: &VirtualDuration| {
                let mut rule = rule.clone();
                rule.fault.action = Action::Packet(PacketFault::Cut(*span));
                rule
            };
            return SPANS.iter().map(with).collect();
        }
        // Whether it is so at all is asked when it is put in place.
        Action::Condition(_) => rule.fault.when = at_most(1, SWARM, when),
        // At calls that were named a crash is likelier than at just any.
        Action::Strike(_) => {
            let named = matches!(&rule.place, At::Calls { calls, .. } if !calls.is_empty());
            rule.fault.when = at_most(1, if named { SWARM * 10 } else { SWARM }, when);
        }
        _ => rule.fault.when = at_most(0, SWARM, when),
    }
    vec![rule]
}

fn take_link(call: &mut Call<'_>) -> Result<Link, Diagnostic> {
    let (a, b) = (call.required("a")?, call.required("b")?);
    let (a, b) = (host(call, "a", a)?, host(call, "b", b)?);
    if a == b {
        return Err(call.bad("b", &format!("is {b} again: what stays on a host is not sent")));
    }
    let direction = call.named("direction").map(|v| call.text("direction", v)).transpose()?;
    let (there, back) = ((a.clone(), b.clone()), (b, a));
    let directions = match direction.as_deref() {
        None | Some("both") => vec![there, back],
        Some("a_to_b") => vec![there],
        Some("b_to_a") => vec![back],
        Some(other) => {
            let help = "there are: both, a_to_b, b_to_a";
            return Err(call.bad("direction", &format!("is unknown: {other:?}")).help(help).focus(other));
        }
    };
    Ok(Link { directions })
}

fn said(link: &Link) -> String {
    let said: Vec<String> = link.directions.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
    said.join(", ")
}

/// The name under which a partition of these hosts was started.
fn ends(link: &Link) -> String {
    format!("partition({})", said(link))
}

fn parted(link: &Link) -> Vec<Rule> {
    let rule = |(from, to): &(String, String)| Rule {
        place: At::Link { from: from.clone(), to: to.clone() },
        keyword: "partition".into(),
        op: None,
        fault: Fault::always(Action::Condition(Condition::Partition)),
    };
    link.directions.iter().map(rule).collect()
}

/// An assumption that nobody has to name.
fn assume<'v>(eval: &Evaluator<'v, '_, '_>, name: &str, rules: Vec<Rule>) -> Value<'v> {
    let spec = AssumptionSpec { name: name.to_owned(), description: String::new(), rules };
    let value = eval.heap().alloc(Assumption { spec: Arc::new(spec), monitors: Vec::new() });
    Store::of(eval.module()).declare(value);
    value
}

/// Strikes a service now, or makes a fault of it.
fn strike<'v>(
    call: Call<'v>,
    service: Option<Value<'v>>,
    strike: Strike,
    eval: &Evaluator<'v, '_, '_>,
) -> starlark::Result<FaultOr<'v>> {
    let Some(service) = service else {
        let mut fault = finish(call, Action::Strike(strike))?;
        if fault.when.max_fires == 0 {
            fault.when.max_fires = 1;
        }
        return Ok(NoneOr::Other(fault));
    };
    let live = driver(eval, &format!("{}()", call.builtin()))?;
    let service = service_of(&call, service)?;
    call.finish()?;
    let id = live.plan.id(&service).ok_or_else(|| faults::undeclared(&service))?;
    live.machine.intervene(&Intervention::Strike(id, strike)).map_err(interrupted)?;
    Ok(NoneOr::None)
}

fn service_of(call: &Call<'_>, value: Value<'_>) -> Result<String, Diagnostic> {
    let service = Service::from_value(value).map(|s| s.0.name.clone());
    service.ok_or_else(|| call.bad("service", &format!("must be a service, not {}", brief(value))))
}

fn condition(call: Call<'_>, condition: Condition) -> starlark::Result<Fault> {
    let fault = finish(call, Action::Condition(condition))?;
    let When { nth, after, max_fires, .. } = fault.when;
    if nth + after + max_fires > 0 {
        let message = format!("{fault} is so or is not so: it has no nth, after or max_fires");
        return Err(Diagnostic::argument(message).into());
    }
    Ok(fault)
}

fn duration_or(
    call: &mut Call<'_>,
    name: &'static str,
    default: VirtualDuration,
) -> Result<VirtualDuration, Diagnostic> {
    Ok(call.next(name)?.map(|v| call.duration(name, v)).transpose()?.unwrap_or(default))
}

/// A duration that may have a sign, in nanoseconds.
fn signed<'v>(call: &Call<'v>, name: &str, value: Value<'v>) -> Result<i64, Diagnostic> {
    let text = value.unpack_str().ok_or_else(|| call.not(name, "a duration such as \"-2s\"", value))?;
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let bad = |why: String| Diagnostic::new(crate::error::Code::BadDuration, why).focus(text);
    let nanos = VirtualDuration::parse(magnitude).map_err(bad)?.0;
    i64::try_from(nanos).map(|n| sign * n).map_err(|_| call.bad(name, "is too long"))
}

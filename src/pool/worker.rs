//! The worker: reads jobs from standard input, runs each in a world of its own, answers on standard output.

use crate::cli::{self, Machine};
use crate::exit::{Exit, Problem};
use crate::pool::wire::{self, Comparison, Extras, Frame, JobFrame, Ready, Setup, System, What};
use crate::spec::{self, Loaded};
use explorer::{How, Job, StrategySpec};
use guest::{Console, World, WorldOptions};
use kernel::log::Retention;
use model::plan::{Plan, Service};
use model::{EventIndex, LoopSite, Machine as _, Seed, ServiceId, Verdict, VirtualDuration};
use recorder::Finished;
use std::cell::{OnceCell, RefCell};
use std::io::{self, BufReader};
use std::path::Path;
use trace::{Header, ServiceFacts, SourceText, Trace};

/// Processor time without a call after which a guest is in a loop that may have to be counted.
const LOOP_LIMIT_NANOS: u64 = 1_000_000_000;

/// What the worker runs.
struct Worker {
    setup: Setup,
    plan: Plan,
    spec: Option<Loaded>,
    /// What a trace says about the programs: made by the first run that is recorded or compared, since it reads them.
    facts: OnceCell<Vec<ServiceFacts>>,
    /// The world that runs begin from.
    booted: RefCell<recorder::Booted>,
    /// What the specification printed in the latest run, and warnings about it.
    said: RefCell<Vec<String>>,
}

/// Serves until standard input ends. Returns the code that the process is to end with.
pub(crate) fn serve(setup: &Setup, cpu: Option<usize>) -> u8 {
    let exit = prepare_and_serve(setup, cpu).unwrap_or_else(|problem| {
        eprintln!("fbsim: {}", problem.message);
        problem.exit
    });
    exit.code()
}

fn prepare_and_serve(setup: &Setup, cpu: Option<usize>) -> Result<Exit, Problem> {
    if let Some(cpu) = cpu {
        pin(cpu);
    }
    let worker = match Worker::new(setup.clone()) {
        Ok(worker) => worker,
        Err(text) => {
            answer(&Frame::Ready(Ready::Spec(text)))?;
            return Ok(Exit::Usage);
        }
    };
    if let Err(missing) = guest::world::prepare_worker() {
        answer(&Frame::Ready(Ready::Host(missing.to_string())))?;
        return Ok(Exit::Host);
    }
    if worker.spec.is_some() {
        answer(&Frame::Ready(Ready::Tests(worker.tests())))?;
    }
    let mut from = BufReader::new(io::stdin());
    while let Some(frame) = read(&mut from)? {
        if let Frame::Job(job) = frame {
            worker.carry_out(&job)?;
        }
    }
    worker.booted.borrow_mut().forget();
    Ok(Exit::Held)
}

fn pin(cpu: usize) {
    let mut set = nix::sched::CpuSet::new();
    // A CPU that is not there is no reason to stop: the worker then stays where the host lets it run.
    if set.set(cpu).is_ok() {
        let _ = nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set);
    }
}

fn read(from: &mut impl io::Read) -> Result<Option<Frame>, Problem> {
    Frame::read(from).map_err(|e| Problem::internal(format!("a job could not be read: {e}")))
}

fn answer(frame: &Frame) -> Result<(), Problem> {
    // The command is gone: nobody to tell.
    frame.write(&mut Answers).map_err(|e| Problem::internal(format!("no one takes the answer: {e}")))
}

/// Standard output, in one piece: the one of the library writes a frame up to its last line feed first.
struct Answers;

impl io::Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(io::stdout(), bytes)?)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Worker {
    fn new(setup: Setup) -> Result<Worker, String> {
        let (plan, spec) = match &setup.system {
            System::Program { path, args, machine } => (program_plan((path, args), machine, &setup), None),
            System::Spec { path, sources } => {
                let spec = spec::load(path, sources, &setup.env, &setup.search)?;
                let mut plan = spec.plan().clone();
                show_programs(&mut plan, &setup.directory);
                (plan, Some(spec))
            }
        };
        let facts = OnceCell::new();
        Ok(Worker { setup, plan, spec, facts, booted: RefCell::default(), said: RefCell::default() })
    }
    fn facts(&self) -> &[ServiceFacts] {
        self.facts.get_or_init(|| self.plan.services.iter().map(facts_of).collect())
    }
    fn tests(&self) -> Vec<(String, Option<(String, String)>)> {
        self.spec.as_ref().map(Loaded::tests).unwrap_or_default()
    }
    fn options(&self, seed: Seed) -> WorldOptions {
        WorldOptions {
            plan: self.plan.clone(),
            seed,
            max_calls: self.setup.max_calls,
            end_on_crash: self.spec.is_some(),
            expected: None,
            spin_limit_nanos: self.setup.spin_limit_nanos,
            loop_limit_nanos: LOOP_LIMIT_NANOS.min(self.setup.spin_limit_nanos / 2),
            loops: Vec::new(),
            retention: Retention::All,
            directory: self.setup.directory.clone(),
            entry: match self.setup.engine.entry {
                cli::Entry::Patched => guest::Entry::Patched,
                cli::Entry::Signal => guest::Entry::Signal,
            },
            boots: guest::Boots::Fresh,
            memory_every: self.setup.engine.memory_every,
        }
    }
    /// Drives a world to its verdict.
    fn drive(&self, test: &str, world: &World) -> Verdict {
        let mut verdict = match &self.spec {
            Some(spec) => {
                let mut said = self.said.borrow_mut();
                said.clear();
                spec.run(test, world, &mut said)
            }
            None => drive_program(world),
        };
        if let Verdict::Failed(failure) = &mut verdict
            && failure.kind == "boot"
        {
            for line in world.parked() {
                failure.message.push_str("\n  ");
                failure.message.push_str(&line);
            }
        }
        verdict
    }
    fn carry_out(&self, frame: &JobFrame) -> Result<(), Problem> {
        let job = match job_of(frame) {
            Ok(job) => job,
            Err(why) => return answer(&Frame::Refused(frame.id, why)),
        };
        let options = WorldOptions { loops: loops_of(&frame.loops)?, ..self.options(job.seed) };
        let source = || job.source();
        let driver = |world: &World| self.drive(&frame.test, world);
        match &frame.what {
            What::Outcome if self.spec.is_some() && self.setup.engine.boot == cli::Boot::Shared => {
                let finished = self.booted.borrow_mut().run(options, source, driver);
                self.outcome(frame.id, &finished)
            }
            What::Outcome | What::Console { kept: None } => {
                self.booted.borrow_mut().forget();
                let console = matches!(frame.what, What::Console { .. }).then(pass_on);
                // A program that is only run has nobody who would look at its events.
                let retention = if self.spec.is_some() { Retention::All } else { Retention::Hash };
                let options = WorldOptions { retention, ..options };
                let finished = recorder::run(options, console, source, driver);
                self.outcome(frame.id, &finished)
            }
            What::Record { rerun } | What::Console { kept: Some(rerun) } => {
                self.booted.borrow_mut().forget();
                let console = matches!(frame.what, What::Console { .. }).then(pass_on);
                let header = self.header(frame, rerun);
                match recorder::record(options, console, source, driver, &header) {
                    Err(e) => answer(&Frame::Refused(frame.id, chain(&e))),
                    Ok((finished, bytes)) => {
                        self.outcome(frame.id, &finished)?;
                        answer(&Frame::Trace(frame.id, bytes))
                    }
                }
            }
            What::Tails { after, tails, strategy, steps } => {
                self.booted.borrow_mut().forget();
                let spec = match strategy.parse::<StrategySpec>() {
                    Ok(spec) => spec,
                    Err(e) => return answer(&Frame::Refused(frame.id, e.to_string())),
                };
                let (seed, steps) = (job.seed, *steps);
                let tail = move |number: u32| explorer::strategy::build(&spec, seed.tail(number), steps);
                let events: Vec<EventIndex> = after.iter().copied().map(EventIndex).collect();
                let branched = recorder::branched(options, source, &events, *tails, tail, driver);
                let encode = |tails: &recorder::Tails| {
                    let bytes: Result<Vec<Vec<u8>>, _> =
                        tails.outcomes.iter().map(trace::wire::encode_outcome).collect();
                    bytes.map(|bytes| (tails.after.0, bytes)).map_err(|e| Problem::internal(chain(&e)))
                };
                let after: Result<Vec<_>, Problem> = branched.tails.iter().map(encode).collect();
                let tails = wire::Tails { hash: branched.finished.outcome.hash.0, after: after? };
                answer(&Frame::Tails(frame.id, tails))
            }
            What::Compare { trace, until } => {
                self.booted.borrow_mut().forget();
                self.compare(frame, trace, until.map(EventIndex))
            }
        }
    }
    fn outcome(&self, id: u64, Finished { outcome, remains, loops }: &Finished) -> Result<(), Problem> {
        let bytes = trace::wire::encode_outcome(outcome).map_err(|e| Problem::internal(chain(&e)))?;
        let extras = Extras {
            complaints: remains.complaints.clone(),
            crashes: remains.crashes.clone(),
            statuses: remains.statuses.clone(),
            memory: remains.memory.map(|(hash, moments)| (hash.0, moments)),
            said: self.said.take(),
            loops: loops.iter().map(ToString::to_string).collect(),
        };
        answer(&Frame::Outcome(id, extras, bytes))
    }
    fn compare(&self, frame: &JobFrame, bytes: &[u8], until: Option<EventIndex>) -> Result<(), Problem> {
        let read = until.map_or_else(|| Trace::read(bytes), |until| Trace::read_until(bytes, until));
        let trace = match read {
            Ok(trace) => trace,
            Err(e) => return answer(&Frame::Refused(frame.id, chain(&e))),
        };
        for (recorded, here) in trace.header.services.iter().zip(self.facts()) {
            if !recorder::Fingerprints::default().is_unchanged(&here.binary, recorded.fingerprint) {
                let why = format!(
                    "the trace is of another program: {} of service {} has changed since (fingerprint {}, recorded {})\n\
                     build the recorded version, or record the case again",
                    here.binary, here.name, here.fingerprint, recorded.fingerprint
                );
                return answer(&Frame::Refused(frame.id, why));
            }
        }
        if let Some(file) = recorder::changed_file(&trace.header) {
            let why = format!(
                "the run that was recorded has used another {}: it has changed since (fingerprint {}, recorded {})\n\
                 bring the recorded version back, or record the case again",
                file.path, file.here, file.recorded
            );
            return answer(&Frame::Refused(frame.id, why));
        }
        let facts = trace.header.facts.iter().filter(|(name, _)| name == recorder::LOOP);
        let loops = loops_of(facts.map(|(_, value)| value))?;
        // A replay looks for no others: with one more it would be another run.
        let options = WorldOptions { loops, loop_limit_nanos: 0, ..self.options(trace.header.seed) };
        let driver = |world: &World| self.drive(&frame.test, world);
        match replayer::replay(&trace, options, driver) {
            Err(e) => answer(&Frame::Refused(frame.id, e.to_string())),
            Ok(replayed) => {
                let names = self.names();
                let divergence = replayed.divergence.map(|d| {
                    let side = |event: &Option<model::Event>| {
                        event.as_ref().map_or_else(|| "(nothing)".to_owned(), |e| report::event_line(&names, e))
                    };
                    format!(
                        "at event {}: {}\n  recorded: {}\n  replayed: {}",
                        d.at,
                        d.what,
                        side(&d.recorded),
                        side(&d.replayed)
                    )
                });
                let comparison = Comparison { compared: replayed.compared, hash: replayed.outcome.hash.0, divergence };
                answer(&Frame::Comparison(frame.id, comparison))
            }
        }
    }
    fn names(&self) -> Vec<String> {
        std::iter::once("test".to_owned()).chain(self.plan.services.iter().map(|s| s.name.clone())).collect()
    }
    fn header(&self, frame: &JobFrame, rerun: &[String]) -> Header {
        let (spec, sources) = match (&self.setup.system, &self.spec) {
            (System::Spec { path, .. }, Some(spec)) => (path.clone(), spec.sources()),
            _ => (String::new(), Vec::new()),
        };
        let mut facts = vec![
            ("directory".to_owned(), self.setup.directory.clone()),
            ("max_calls".to_owned(), self.setup.max_calls.to_string()),
            ("spin_limit_nanos".to_owned(), self.setup.spin_limit_nanos.to_string()),
            ("cpuid".to_owned(), if guest::cpuid::can_trap() { "trapped" } else { "native" }.to_owned()),
        ];
        if let System::Program { machine, .. } = &self.setup.system {
            facts.extend(machine.facts());
        }
        facts.extend(self.setup.env.iter().map(|(name, value)| ("env".to_owned(), format!("{name}={value}"))));
        facts.extend(self.setup.search.iter().map(|dir| ("search".to_owned(), dir.clone())));
        Header {
            fbsim: env!("CARGO_PKG_VERSION").to_owned(),
            seed: Seed(frame.seed),
            test: frame.test.clone(),
            spec,
            sources: sources.into_iter().map(|(path, text)| SourceText { path, text }).collect(),
            rerun: rerun.to_vec(),
            services: self.facts().to_vec(),
            strategy: frame.strategy.clone(),
            steps: frame.steps,
            facts,
        }
    }
}

fn loops_of(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Vec<LoopSite>, Problem> {
    let site = |text: &str| text.parse::<LoopSite>().map_err(|e| Problem::internal(e.to_string()));
    texts.into_iter().map(|text| site(text.as_ref())).collect()
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

fn pass_on() -> Console {
    Box::new(|stderr, bytes| {
        let _ = Frame::Console(stderr, bytes.to_vec()).write(&mut Answers);
    })
}

fn job_of(frame: &JobFrame) -> Result<Job, String> {
    let how = match &frame.choices {
        Some(bytes) => How::Replay(trace::wire::decode_choices(bytes).map_err(|e| chain(&e))?),
        None => How::Strategy {
            spec: frame.strategy.parse::<StrategySpec>().map_err(|e| e.to_string())?,
            steps: frame.steps,
        },
    };
    Ok(Job { test: 0, seed: Seed(frame.seed), how })
}

fn facts_of(service: &Service) -> ServiceFacts {
    ServiceFacts {
        name: service.name.clone(),
        binary: service.binary.clone(),
        fingerprint: recorder::Fingerprints::default().of(&service.binary).unwrap_or_default(),
        args: service.args.clone(),
        env: service.env.clone(),
    }
}

fn program_plan((path, args): (&str, &[String]), machine: &Machine, setup: &Setup) -> Plan {
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    let service = Service {
        name,
        binary: path.to_owned(),
        args: args.to_vec(),
        env: setup.env.clone(),
        hardware: machine.hardware(),
        user: machine.user(),
        ..Service::default()
    };
    let mut plan = Plan { services: vec![service], ..Plan::default() };
    show_programs(&mut plan, &setup.directory);
    plan
}

/// Lets every service see the directory of its program and its working directory, wherever they lie: directories such
/// as `/tmp` are private and empty inside a world.
fn show_programs(plan: &mut Plan, directory: &str) {
    for service in &mut plan.services {
        let program = service.binary.rsplit_once('/').map(|(directory, _)| directory.to_owned());
        let working = Some(directory.to_owned()).filter(|directory| directory != "/" && Path::new(directory).is_dir());
        for shown in program.into_iter().filter(|directory| !directory.is_empty()).chain(working) {
            // A link on the way leads to a place that has to be there as well.
            let real = std::fs::canonicalize(&shown).ok().and_then(|real| real.to_str().map(str::to_owned));
            if let Some(real) = real.filter(|real| *real != shown) {
                service.mounts.push((real.clone(), real));
            }
            service.mounts.push((shown.clone(), shown));
        }
    }
}

/// How long what a program leaves behind may go on after it has ended.
const AFTERWARDS: VirtualDuration = VirtualDuration::secs(10);

/// Runs a single program until it has ended; what it leaves behind then comes to rest or is ended too.
fn drive_program(world: &World) -> Verdict {
    let only = ServiceId(1);
    let mut body = || {
        if world.start(only).is_ok() {
            world.enter_run();
            if world.wait_for_exit(only).is_ok() {
                let _ = world.settle(world.now().after(AFTERWARDS));
            }
        }
    };
    match world.drive(&mut body, &mut |_| Ok(())) {
        Err(failure) => Verdict::Failed(failure),
        Ok(()) => Verdict::Held,
    }
}

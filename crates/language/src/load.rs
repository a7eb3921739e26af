//! Loading: from text to a [`Program`], which has everything that a run needs.
//!
//! Files named by `load()` are read once, evaluated once, and frozen; the specification itself is evaluated once here,
//! to learn what it declares, and again for every test.

use crate::builtins;
use crate::builtins::machine::Build;
use crate::builtins::weights::is_deeper;
use crate::causes;
use crate::diagnostic::spec_error;
use crate::error::{Code, SpecError};
use crate::evaluate::{Budget, call, evaluator};
use crate::growth;
use crate::guard::{self, Guards};
use crate::identity;
use crate::outline::{self, Told};
use crate::plan;
use crate::session::{Session, Surroundings};
use crate::source::Sources;
use crate::spec::{Spec, TestInfo, TestKind, discover};
use crate::store::Store;
use crate::unit::{FUNCTION, SUFFIX, Unit};
use crate::values::service::{Service, ServiceDecl};
use model::ServiceId;
use model::plan::Plan;
use starlark::environment::{FrozenModule, Globals, Module};
use starlark::eval::{Evaluator, FileLoader};
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::values::OwnedFrozenValue;
use starlark::values::list::ListRef;
use std::fmt;

/// The text of a specification and the name it goes by in messages.
#[derive(Clone, Debug)]
pub struct SpecSource {
    /// The file's path, as messages show it.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Finds the program of a service: by its name in the specification and by how it is built, its path on the host.
pub type ResolveBinary<'a> = &'a dyn Fn(&str, Option<&Build>) -> Result<String, String>;

/// What a specification leaves open.
pub struct LoadOptions<'a> {
    /// Variables that every service gets, whatever its own `env` says.
    pub env_overrides: Vec<(String, String)>,
    /// From the program of a service, as the specification names it, to a path on the host; with how it is built, if the
    /// specification says so.
    pub resolve_binary: ResolveBinary<'a>,
    /// From a file or directory to be shown to a service, as the specification names it, to a path on the host.
    pub resolve_path: &'a dyn Fn(&str) -> Result<String, String>,
    /// Builds a program, or says why it cannot be built. Called whenever the specification is loaded: whoever wants it
    /// built only once does nothing the other times.
    pub build: &'a dyn Fn(&Build) -> Result<(), String>,
}

impl fmt::Debug for LoadOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions").field("env_overrides", &self.env_overrides).finish_non_exhaustive()
    }
}

/// A loaded specification.
pub(crate) struct Program {
    /// Parsed once; what evaluates it evaluates a copy, which takes a quarter of the time of parsing.
    ast: AstModule,
    /// The specification as a function, if it can be one, with the names of what a call of it answers.
    compiled: Option<(OwnedFrozenValue, Vec<String>)>,
    sources: Sources,
    loaded: Vec<(String, FrozenModule)>,
    globals: Globals,
    guards: Guards,
    start_order: Vec<ServiceId>,
    pub(crate) plan: Plan,
}

impl Program {
    #[cfg(test)]
    pub(crate) fn is_compiled(&self) -> bool {
        self.compiled.is_some()
    }
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }
    pub(crate) fn loaded(&self) -> &[(String, FrozenModule)] {
        &self.loaded
    }
    pub(crate) fn guards(&self) -> &Guards {
        &self.guards
    }
    pub(crate) fn start_order(&self) -> &[ServiceId] {
        &self.start_order
    }
    /// Compiles the specification as a function, if it can be one.
    fn compile(&mut self, text: &str, path: &str, names: &[&str], session: &Session<'_>) {
        let Some(unit) = Unit::of(text, names) else { return };
        let compiled = Module::with_temp_heap(|module| {
            let ast = parse(&format!("{path}{SUFFIX}"), &unit.text).ok()?;
            let mut eval = evaluator(&module, session);
            eval.set_loader(&*self);
            eval.eval_module(ast, &self.globals).ok()?;
            drop(eval);
            module.freeze().ok()?.get(FUNCTION).ok()
        });
        self.compiled = compiled.map(|function| (function, names.iter().map(|n| (*n).to_owned()).collect()));
        self.sources.set_unit(unit);
    }
    /// Evaluates the specification. The evaluator's loader must be this program.
    pub(crate) fn evaluate(&self, eval: &mut Evaluator<'_, '_, '_>, budget: &Budget) -> Result<(), SpecError> {
        Store::create(eval.module());
        let Some((function, names)) = &self.compiled else {
            return self.evaluate_text(eval, budget);
        };
        let module = eval.module();
        let function = module.heap().access_owned_frozen_value(function);
        let made = call(eval, function, &[]).map_err(|e| spec_error(&e, &self.sources, budget))?;
        let made = ListRef::from_value(made).expect("the function answers a list");
        names.iter().zip(made.iter()).for_each(|(name, value)| module.set(name, value));
        Ok(())
    }
    fn evaluate_text(&self, eval: &mut Evaluator<'_, '_, '_>, budget: &Budget) -> Result<(), SpecError> {
        eval.eval_module(self.ast.clone(), &self.globals).map_err(|e| spec_error(&e, &self.sources, budget))?;
        Ok(())
    }
}

impl FileLoader for Program {
    fn load(&self, path: &str) -> starlark::Result<FrozenModule> {
        find(&self.loaded, path)
    }
}

fn find(loaded: &[(String, FrozenModule)], path: &str) -> starlark::Result<FrozenModule> {
    let found = loaded.iter().find(|(p, _)| p == path).map(|(_, module)| module.clone());
    found.ok_or_else(|| starlark::Error::new_other(std::io::Error::other(format!("{path} was not loaded"))))
}

/// Loads a specification. `loader` answers the text of a file named by `load()`.
///
/// # Errors
/// If the text is not a specification; the error says where and why.
pub fn load(
    source: SpecSource,
    loader: &dyn Fn(&str) -> Result<String, String>,
    options: LoadOptions<'_>,
) -> Result<Spec, SpecError> {
    let session = Session::load(Surroundings {
        resolve_binary: options.resolve_binary,
        resolve_path: options.resolve_path,
        build: options.build,
        read: loader,
    });
    let mut loading = Loading {
        loader,
        session: &session,
        globals: builtins::globals(),
        sources: Sources::new(&source.path, &source.text),
        loaded: Vec::new(),
        in_progress: vec![source.path.clone()],
    };
    let (ast, text) = loading.parse(&source.path, &source.text)?;
    loading.dependencies(&ast)?;
    let mut program = Program {
        ast,
        compiled: None,
        guards: guard::guards(loading.sources.files().iter().map(|(_, text)| text.as_str())),
        sources: loading.sources,
        loaded: loading.loaded,
        globals: loading.globals,
        start_order: Vec::new(),
        plan: Plan::default(),
    };
    let (plan, tests, told) = inspect(&program, &session, &options.env_overrides)?;
    session.files.take().iter().for_each(|(path, text)| program.sources.add(path, text));
    let functions = tests.iter().filter(|t| t.kind == TestKind::Function).map(|t| t.name.as_str());
    program.compile(&text, &source.path, &functions.collect::<Vec<_>>(), &session);
    program.start_order = plan::start_order(&plan, &program.sources)?;
    program.plan = plan;
    program.plan.causality = causes::asked_for(program.sources.files().iter().map(|(_, text)| text.as_str()));
    Ok(Spec::new(program, tests, told))
}

/// Evaluates the specification to learn what it declares.
fn inspect(
    program: &Program,
    session: &Session<'_>,
    overrides: &[(String, String)],
) -> Result<(Plan, Vec<TestInfo>, Told), SpecError> {
    Module::with_temp_heap(|module| {
        let mut eval = evaluator(&module, session);
        eval.set_loader(program);
        program.evaluate(&mut eval, &session.budget)?;
        drop(eval);
        let declared = Store::all_declared(&module, &program.loaded);
        let services: Vec<&ServiceDecl> =
            declared.iter().filter_map(|v| Service::from_value(*v)).map(|s| &*s.0).collect();
        let mut plan = plan::build(&services, overrides, &program.sources)?;
        let tests = discover(&module, &declared, &program.sources)?;
        plan.tests = tests.iter().map(|t| t.name.clone()).collect();
        let told = outline::of(&declared, &tests, &plan, &program.sources);
        Ok((plan, tests, told))
    })
}

/// The files being loaded.
struct Loading<'a> {
    loader: &'a dyn Fn(&str) -> Result<String, String>,
    session: &'a Session<'a>,
    globals: Globals,
    sources: Sources,
    loaded: Vec<(String, FrozenModule)>,
    /// The files whose evaluation waits for the one being loaded, the specification first.
    in_progress: Vec<String>,
}

impl Loading<'_> {
    /// A file, and its text as it is evaluated.
    fn parse(&mut self, path: &str, text: &str) -> Result<(AstModule, String), SpecError> {
        let text = identity::rewrite(text);
        let written = parse(path, &text).map_err(|e| self.error(&e))?;
        let watched = growth::watched(&written, &text);
        let ast = parse(path, &watched.text).map_err(|e| self.error(&e))?;
        let text = watched.text.clone();
        self.sources.set_watched(path, watched);
        Ok((ast, text))
    }

    fn error(&self, error: &starlark::Error) -> SpecError {
        spec_error(error, &self.sources, &self.session.budget)
    }

    /// Loads what a file loads, and what that loads, each once.
    fn dependencies(&mut self, ast: &AstModule) -> Result<(), SpecError> {
        for load in ast.loads() {
            let path = load.module_id;
            if self.loaded.iter().any(|(p, _)| p == path) {
                continue;
            }
            let place = self.sources.place(&load.span, Some(path));
            let failed = |message: String| SpecError::new(Code::Load, message).at(place.clone());
            if path.starts_with('@') {
                let message = format!("load({path:?}) is not supported yet");
                let help = "put faults on system calls: fault_assumption(target = …, connect = deny(…))".to_owned();
                return Err(SpecError::new(Code::Unsupported, message).at(place).help(Some(help)));
            }
            if self.in_progress.iter().any(|p| p == path) {
                return Err(failed(format!("{path:?} loads itself: {} -> {path}", self.in_progress.join(" -> "))));
            }
            let text = (self.loader)(path).map_err(|why| failed(format!("cannot load {path:?}: {why}")))?;
            self.sources.add(path, &text);
            let (ast, _) = self.parse(path, &text)?;
            self.in_progress.push(path.to_owned());
            self.dependencies(&ast)?;
            self.in_progress.pop();
            let module = self.evaluate(ast, path)?;
            self.loaded.push((path.to_owned(), module));
        }
        Ok(())
    }

    fn evaluate(&self, ast: AstModule, path: &str) -> Result<FrozenModule, SpecError> {
        Module::with_temp_heap(|module| {
            Store::create(&module);
            let files = Files(&self.loaded);
            let mut eval = evaluator(&module, self.session);
            eval.set_loader(&files);
            eval.eval_module(ast, &self.globals).map_err(|e| self.error(&e))?;
            drop(eval);
            self.shallow(&module, path)?;
            module.freeze().map_err(|e| self.error(&starlark::Error::from(e)))
        })
    }

    /// To freeze a value takes stack for each value in another.
    fn shallow(&self, module: &Module<'_>, path: &str) -> Result<(), SpecError> {
        const DEEPEST: usize = 1000;
        let is_deep = |name: &str| module.get(name).is_some_and(|value| is_deeper(value, DEEPEST, module.heap()));
        match module.names().find(|name| is_deep(name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let message = format!("the value of {:?} is nested more than {DEEPEST} deep", name.as_str());
                Err(SpecError::new(Code::Limit, message).at(self.sources.definition(path, name.as_str())))
            }
        }
    }
}

struct Files<'a>(&'a [(String, FrozenModule)]);

impl FileLoader for Files<'_> {
    fn load(&self, path: &str) -> starlark::Result<FrozenModule> {
        find(self.0, path)
    }
}

fn parse(path: &str, text: &str) -> starlark::Result<AstModule> {
    let dialect = Dialect {
        enable_keyword_only_arguments: true,
        enable_positional_only_arguments: true,
        enable_types: DialectTypes::Enable,
        enable_load_reexport: false,
        enable_f_strings: true,
        ..Dialect::Standard
    };
    let mut ast = AstModule::parse(path, text.to_owned(), &dialect)?;
    builtins::bounds::bound(&mut ast);
    Ok(ast)
}

#[cfg(test)]
mod tests {
    use super::{LoadOptions, SpecSource, load};

    fn is_compiled(text: &str) -> bool {
        let source = SpecSource { path: "spec.star".to_owned(), text: text.to_owned() };
        let options = LoadOptions {
            env_overrides: Vec::new(),
            resolve_binary: &|_, _| Ok("/program".to_owned()),
            resolve_path: &|p| Ok(p.to_owned()),
            build: &|_| Ok(()),
        };
        let library = |_: &str| Ok("def order():\n    pass\n".to_owned());
        let spec = load(source, &library, options).unwrap_or_else(|e| panic!("{text}: {e}"));
        spec.is_compiled()
    }

    #[test]
    fn specifications_are_compiled_once() {
        for text in [
            "seen = {}\ndef test_a():\n    seen[1] = None is None\n",
            "\"\"\"What it is.\"\"\"\nload(\"l.star\", \"order\")\ndef test_a(x: int = 1) -> None:\n    order()\n",
            "scenarios = [n for n in range(3)]\nx, y = 1, 2\ntest_l = 1\nn: int = 3\n",
        ] {
            assert!(is_compiled(text), "{text}");
        }
        for text in ["", "x = 1\nload(\"l.star\", \"order\")\n"] {
            assert!(!is_compiled(text), "{text}");
        }
    }
}

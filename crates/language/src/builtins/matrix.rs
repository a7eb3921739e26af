//! `fault_matrix`: every scenario under every fault assumption, one test for each cell.

use super::domain::{assumption, at_top_level, declare_fault_scenario, expectation, take_assumptions, take_monitors};
use crate::args::{Call, Named, brief, function_name};
use crate::diagnostic::Diagnostic;
use crate::values::domain::{Assumption, FaultScenario, FaultScenarioSpec};
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::NoneType;
use starlark::values::tuple::{TupleRef, UnpackTuple};
use std::sync::Arc;

#[starlark_module]
pub(super) fn matrix(builder: &mut GlobalsBuilder) {
    /// Every scenario under every fault assumption: tests called `test_matrix_<scenario>_<assumption>`. What is
    /// expected of a cell is its entry in `overrides`, else `default_expect`, else only that the scenario does not fail.
    fn fault_matrix<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        at_top_level(eval, "fault_matrix()")?;
        for cell in cells(Call::new("fault_matrix", args, kwargs))? {
            declare_fault_scenario(eval, cell)?;
        }
        Ok(NoneType)
    }
}

/// The cells that a call describes, scenario by scenario.
fn cells<'v>(mut call: Call<'v>) -> Result<Vec<FaultScenario<'v>>, Diagnostic> {
    let scenarios = take_scenarios(&mut call)?;
    let faults = take_assumptions(&mut call, "faults")?;
    if faults.is_empty() {
        return Err(call.bad("faults", "must be a list of at least one fault_assumption(…)"));
    }
    let default = call.named("default_expect").map(|v| expectation(&call, "default_expect", v)).transpose()?;
    let watching = take_monitors(&mut call)?;
    let require = call.named("require_faults_fire").map(|v| call.flag("require_faults_fire", v)).transpose()?;
    let mut overrides = Vec::new();
    for (key, value) in call.named("overrides").map(|v| call.pairs("overrides", v)).transpose()?.unwrap_or_default() {
        let cell = cell_of(&call, "overrides", key, &scenarios, &faults)?;
        overrides.push((cell, expectation(&call, "overrides", value)?));
    }
    let mut excluded = Vec::new();
    for key in call.named("exclude").map(|v| call.list("exclude", v)).transpose()?.unwrap_or_default() {
        excluded.push(cell_of(&call, "exclude", key, &scenarios, &faults)?);
    }
    call.finish()?;
    if let Some((cell, _)) = overrides.iter().find(|(cell, _)| excluded.contains(cell)) {
        let (scenario, fault) = (function_name(scenarios[cell.0]), &assumption(faults[cell.1]).spec.name);
        return Err(Diagnostic::argument(format!("the cell ({scenario}, {fault}) is both excluded and expected of")));
    }
    let all = (0..scenarios.len()).flat_map(|s| (0..faults.len()).map(move |f| (s, f)));
    let cells = all.filter(|cell| !excluded.contains(cell)).map(|cell| {
        let (scenario, fault) = (scenarios[cell.0], faults[cell.1]);
        let (scenario_name, fault_name) = (function_name(scenario), assumption(fault).spec.name.clone());
        let own = overrides.iter().find(|(c, _)| *c == cell).map(|(_, expect)| *expect);
        let spec = FaultScenarioSpec {
            name: format!("matrix_{scenario_name}_{fault_name}"),
            cell: Some((scenario_name, fault_name)),
            timeout: None,
            require_faults_fire: require.unwrap_or(true),
        };
        FaultScenario {
            spec: Arc::new(spec),
            setup: Value::new_none(),
            scenario,
            faults: vec![fault],
            expect: own.or(default).unwrap_or_else(Value::new_none),
            monitors: watching.clone(),
        }
    });
    Ok(cells.collect())
}

fn take_scenarios<'v>(call: &mut Call<'v>) -> Result<Vec<Value<'v>>, Diagnostic> {
    let value = call.required_named("scenarios")?;
    let list = call.list("scenarios", value)?;
    if list.is_empty() {
        return Err(call.bad("scenarios", "must have at least one function"));
    }
    for scenario in &list {
        call.callable("scenarios", *scenario)?;
        if function_name(*scenario) == "lambda" {
            return Err(call.bad("scenarios", "must have names, which become part of the tests': write def name(): …"));
        }
    }
    Ok(list)
}

/// The position of a `(scenario, assumption)` pair in the product.
fn cell_of<'v>(
    call: &Call<'v>,
    name: &str,
    key: Value<'v>,
    scenarios: &[Value<'v>],
    faults: &[Value<'v>],
) -> Result<(usize, usize), Diagnostic> {
    let pair = TupleRef::from_value(key).map(|t| t.content().to_vec());
    let Some([scenario, fault]) = pair.as_deref() else {
        return Err(call.bad(name, &format!("has {}, which is not a pair (scenario, fault_assumption)", brief(key))));
    };
    let row = scenarios.iter().position(|s| s.equals(*scenario).unwrap_or(false));
    let column = faults.iter().position(|f| f.equals(*fault).unwrap_or(false));
    match (row, column) {
        (Some(row), Some(column)) => Ok((row, column)),
        _ => {
            let fault = Assumption::from_value(*fault).map_or_else(|| brief(*fault), |a| a.spec.name.clone());
            let why = format!("names the cell ({}, {fault}), which the matrix does not have", function_name(*scenario));
            let names: Vec<String> = scenarios.iter().map(|s| function_name(*s)).collect();
            let columns: Vec<&str> = faults.iter().map(|f| assumption(*f).spec.name.as_str()).collect();
            let help = format!("scenarios: {}; faults: {}", names.join(", "), columns.join(", "));
            Err(call.bad(name, &why).help(help))
        }
    }
}

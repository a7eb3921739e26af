//! Data beside the specification: `load_file`, `load_json`, `load_yaml`. A file is read while the specification is being
//! loaded and counts as one of its texts: a saved case has it, and every test sees the same.

use crate::args::{Call, Named};
use crate::diagnostic::Diagnostic;
use crate::error::Code;
use crate::session::Session;
use serde_json::Value as Json;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::tuple::UnpackTuple;

/// The longest file that is read.
const BYTES_MAX: usize = 50 << 20;

#[starlark_module]
pub(super) fn files(builder: &mut GlobalsBuilder) {
    /// The text of a file beside the specification.
    fn load_file<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<String> {
        Ok(text(Call::new("load_file", args, kwargs), eval)?.1)
    }

    /// What a JSON file beside the specification says.
    fn load_json<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let (path, text) = text(Call::new("load_json", args, kwargs), eval)?;
        let said: Json = serde_json::from_str(&text).map_err(|e| unreadable(&path, "JSON", &e))?;
        Ok(eval.heap().alloc(said))
    }

    /// What a YAML file beside the specification says.
    fn load_yaml<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let (path, text) = text(Call::new("load_yaml", args, kwargs), eval)?;
        let said: Json = serde_yaml_ng::from_str(&text).map_err(|e| unreadable(&path, "YAML", &e))?;
        Ok(eval.heap().alloc(said))
    }
}

/// The path that a call names, and the text that is there.
fn text(mut call: Call<'_>, eval: &Evaluator<'_, '_, '_>) -> Result<(String, String), Diagnostic> {
    let path = call.required("path")?;
    let path = call.text("path", path)?;
    call.finish()?;
    let failed = |why: &str| Diagnostic::new(Code::Load, format!("cannot load {path:?}: {why}")).focus(&path);
    let session = Session::of(eval).ok_or_else(|| failed("nothing is being loaded"))?;
    let text = session.file(&path).map_err(|why| failed(&why))?;
    if text.len() > BYTES_MAX {
        return Err(failed("it is longer than 50 MiB"));
    }
    Ok((path, text))
}

fn unreadable(path: &str, what: &str, why: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::new(Code::Load, format!("{path:?} is not {what}: {why}")).focus(path)
}

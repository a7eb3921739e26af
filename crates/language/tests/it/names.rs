//! What a specification declares: the names of its tests, its plan, the files it was read from.

use crate::shop::{Bug, Shop};
use crate::toy::Toy;
use crate::{fixture, good};
use language::{Spec, TestKind};
use model::ServiceId;
use model::plan::{Check, Health};
use model::{Glob, Verdict, VirtualDuration};

const NAMES: &str = "
load(\"shop.star\", \"api\", \"db\")

def order_flow(): pass
def bulk(): pass
def helper(): pass
def test_plain(): pass

test_data = 5

scenario(order_flow)
scenario(test_plain)

db_down = fault_assumption(\"db_down\", target = api, connect = deny(\"ECONNREFUSED\"))
db_slow = fault_assumption(\"db_slow\", target = db, write = delay(\"500ms\"))
both = fault_assumption(\"both\", faults = [db_down, db_slow], description = \"everything at once\")

fault_scenario(\"named\", scenario = helper, faults = [db_down, db_slow])
fault_matrix(
    scenarios = [order_flow, bulk],
    faults = [db_slow, db_down, both],
    exclude = [(bulk, both)],
    require_faults_fire = True,
)
";

fn names(spec: &Spec) -> Vec<&str> {
    spec.tests().iter().map(|t| t.name.as_str()).collect()
}

#[test]
fn tests_are_named_and_ordered() {
    let spec = good(NAMES);
    let expected = [
        "test_matrix_bulk_db_down",
        "test_matrix_bulk_db_slow",
        "test_matrix_order_flow_both",
        "test_matrix_order_flow_db_down",
        "test_matrix_order_flow_db_slow",
        "test_named",
        "test_order_flow",
        "test_plain",
        "test_test_plain",
    ];
    assert_eq!(names(&spec), expected);
    assert_eq!(spec.plan().tests, expected);
    assert_eq!(
        spec.tests()[2].kind,
        TestKind::MatrixCell { scenario: "order_flow".into(), fault: "both".into() },
        "{:?}",
        spec.tests()[2]
    );
    let kinds: Vec<&TestKind> = spec.tests()[5..].iter().map(|t| &t.kind).collect();
    assert_eq!(kinds, [&TestKind::FaultScenario, &TestKind::Scenario, &TestKind::Function, &TestKind::Scenario]);
}

#[test]
fn the_fixtures_make_these_tests() {
    for (file, expected) in [
        ("s01_matrix", vec!["test_matrix_order_flow_db_down", "test_order_flow"]),
        ("s07_parallel", vec!["test_concurrent_orders", "test_no_overselling"]),
        ("s12_oracle", vec!["test_create_order", "test_order_durability"]),
        ("s13_assumptions", vec!["test_matrix_create_order_db_slow", "test_matrix_create_order_db_write_fail"]),
    ] {
        assert_eq!(names(&good(&fixture(&format!("{file}.star")).expect("a fixture"))), expected, "{file}");
    }
}

#[test]
fn patterns_select() {
    let spec = good(NAMES);
    for (pattern, expected) in [
        ("test_named", vec!["test_named"]),
        ("named", vec!["test_named"]),
        ("test_plain", vec!["test_plain", "test_test_plain"]),
        ("matrix_bulk", vec!["test_matrix_bulk_db_down", "test_matrix_bulk_db_slow"]),
        ("test_matrix_bulk", vec!["test_matrix_bulk_db_down", "test_matrix_bulk_db_slow"]),
        ("*_db_down", vec!["test_matrix_bulk_db_down", "test_matrix_order_flow_db_down"]),
        ("order*", vec!["test_order_flow"]),
        ("nothing", vec![]),
        ("", vec![]),
    ] {
        let selected: Vec<&str> = spec.select(pattern).iter().map(|t| t.name.as_str()).collect();
        assert_eq!(selected, expected, "{pattern:?}");
    }
    assert_eq!(spec.select("matrix").len(), 5);
    assert_eq!(spec.select("*").len(), 9);
}

#[test]
fn the_plan_of_the_shop() {
    let spec = good("load(\"shop.star\", \"api\")\ndef test_a(): pass\n");
    let plan = spec.plan();
    assert_eq!(plan.services.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["db", "inventory", "api"]);
    let (db, api) = (&plan.services[0], &plan.services[2]);
    assert_eq!(db.binary, "/bin/db");
    assert_eq!(db.observe_wal, [Glob::path("*.wal")]);
    assert_eq!(db.ops[0].calls, ["write", "writev", "pwrite64", "fsync", "fdatasync"]);
    let health = |check, port, secs| Some(Health { check, port, timeout: VirtualDuration::secs(secs) });
    assert_eq!(db.health, health(Check::Tcp, 5432, 10));
    assert_eq!(plan.services[1].health, health(Check::Tcp, 7000, 30));
    assert_eq!(api.health, health(Check::Http("/health".into()), 8080, 5));
    assert_eq!(api.depends_on, [ServiceId(1), ServiceId(2)]);
    let value = |name: &str| api.env.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(value("DB_ADDR"), Some("db:5432"));
    assert_eq!(value("FBSIM_INVENTORY_MAIN_HOST"), Some("inventory"));
}

#[test]
fn loaded_files_declare_tests_too() {
    let spec = good(
        "load(\"s01_matrix.star\", \"order_flow\", \"db_down\")\nfault_scenario(\"again\", scenario = order_flow, faults = db_down)\n",
    );
    assert_eq!(names(&spec), ["test_again", "test_matrix_order_flow_db_down", "test_order_flow"]);
    let files: Vec<&str> = spec.sources().iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(files, ["spec.star", "s01_matrix.star", "shop.star"]);
    for test in spec.tests() {
        let shop = Shop::new(Bug::None);
        assert_eq!(spec.run(&test.name, &Toy::new(spec.plan(), &shop)), Verdict::Held, "{}", test.name);
    }
}

#[test]
fn sources_are_kept_as_written() {
    let text = "load(\"shop.star\", \"api\")\nx = api is not None\n";
    let spec = good(text);
    let files: Vec<&str> = spec.sources().iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(files, ["spec.star", "shop.star"]);
    assert_eq!(spec.sources()[0].1, text);
}

#[test]
fn machines_are_described() {
    let spec = good(
        "service(\"a\", \"a\", user = \"web:33\", cpus = 8, memory = \"512MB\", disk = \"2GiB\", volumes = [\"p:/p\", \"/d\"])\n\
         service(\"b\", \"b\", build = \"make\", volumes = {\"q\": \"/q\"}, memory = 1048576)\n",
    );
    let [a, b] = spec.plan().services.as_slice() else { panic!("two services") };
    assert_eq!((a.user.name.as_str(), a.user.uid, a.user.gid, a.user.home.as_str()), ("web", 33, 33, "/home/web"));
    assert_eq!((a.hardware.processors, a.hardware.memory, a.hardware.disk), (8, 512 << 20, 2 << 30));
    assert_eq!(a.mounts, [("/spec/p".to_owned(), "/p".to_owned())]);
    assert_eq!(a.disks, ["/d"]);
    assert_eq!(b.mounts, [("/spec/q".to_owned(), "/q".to_owned())]);
    assert_eq!((b.hardware.processors, b.hardware.memory), (2, 1 << 20));
}

#[test]
fn files_are_read_once_and_kept() {
    let spec = good("x = load_json(\"data.json\")\ndef test_a():\n    assert_eq(x[\"n\"], [1, 2.5, None])\n");
    assert!(spec.sources().iter().any(|(path, text)| path == "data.json" && text.contains("2.5")));
    crate::errors::brief("load_json(\"data.yaml\")\n", "FB0109", "spec.star:1:12", "is not JSON");
    crate::errors::brief("load_yaml(\"nope\")\n", "FB0109", "spec.star:1:12", "cannot load \"nope\"");
}

//! The examples do what they say; each fails by itself where it does not find what it expects.

#[path = "../../examples/custom_policy.rs"]
mod custom_policy;
#[path = "../../examples/library.rs"]
mod library;

#[test]
fn a_policy_of_ones_own_is_asked() {
    custom_policy::main().unwrap();
}

#[test]
fn an_experiment_runs_from_rust() {
    library::main().unwrap();
}

//! Packages of the workspace: those of the lock file, for all systems, and those of this system, with their licences.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// `Cargo.lock`.
#[derive(Debug, Deserialize)]
pub(crate) struct LockFile {
    #[serde(rename = "package")]
    pub packages: Vec<LockedPackage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LockedPackage {
    pub name: String,
    pub version: String,
    pub source: Option<String>,
}

/// The answer of `cargo metadata`.
#[derive(Debug, Deserialize)]
pub(crate) struct CargoMetadata {
    pub packages: Vec<CargoPackage>,
    resolve: DependencyGraph,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CargoPackage {
    pub id: String,
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    pub source: Option<String>,
    pub dependencies: Vec<DependencyRequirement>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DependencyRequirement {
    pub name: String,
    pub req: String,
    pub path: Option<String>,
}

#[derive(Debug, Deserialize)]
struct DependencyGraph {
    nodes: Vec<DependencyNode>,
}

#[derive(Debug, Deserialize)]
struct DependencyNode {
    id: String,
    deps: Vec<ResolvedDependency>,
}

#[derive(Debug, Deserialize)]
struct ResolvedDependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Debug, Deserialize)]
struct DependencyKind {
    /// `dev`, `build`, or none for a dependency of the program.
    kind: Option<String>,
}

/// Returns true for a crate of this repository.
pub(crate) fn is_workspace_member(package: &CargoPackage) -> bool {
    package.source.is_none()
}

impl LockFile {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
        toml::from_str(&std::fs::read_to_string(path).expect("the lock file")).expect("a lock file")
    }
}

impl CargoMetadata {
    /// Asks cargo about the packages of Linux, which are all on the disk after a build.
    pub(crate) fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--offline", "--format-version", "1", "--all-features"])
            .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("the metadata")
    }

    /// The packages that depend on a package.
    pub(crate) fn users_of(&self, id: &str) -> Vec<&CargoPackage> {
        let users =
            self.resolve.nodes.iter().filter(|node| node.deps.iter().any(|dependency| dependency.pkg == id));
        users.map(|node| self.find(&node.id)).collect()
    }

    /// The names of the packages that the program contains or that build it.
    pub(crate) fn find_shipped(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<&str> =
            self.packages.iter().filter(|one| is_workspace_member(one)).map(|one| one.id.as_str()).collect();
        while let Some(id) = waiting.pop() {
            if !found.insert(id) {
                continue;
            }
            let node = self.resolve.nodes.iter().find(|node| node.id == id).expect("a node of each package");
            let is_shipped = |one: &&ResolvedDependency| {
                one.dep_kinds.iter().any(|one| one.kind.as_deref() != Some("dev"))
            };
            waiting.extend(node.deps.iter().filter(is_shipped).map(|one| one.pkg.as_str()));
        }
        found.into_iter().map(|id| self.find(id).name.as_str()).collect()
    }

    fn find(&self, id: &str) -> &CargoPackage {
        self.packages.iter().find(|one| one.id == id).expect("a package of each node")
    }
}

//! Services that share the database and use another configuration.

use std::fmt;

/// A service that uses another configuration than this program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum OtherConfigService {
    /// A service on this machine; it has not read the file again.
    ThisMachine {
        /// The process id.
        process: String,
    },
    /// Services on another machine.
    OtherMachine {
        /// The host name.
        host: String,
    },
}

impl fmt::Display for OtherConfigService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThisMachine { process } => write!(f, "the service on this machine (process {process})"),
            Self::OtherMachine { host } => f.write_str(host),
        }
    }
}

/// Describes services with another configuration: `node-1, node-2 use a different configuration`.
#[must_use]
pub fn describe_services(services: &[OtherConfigService]) -> String {
    let verb = if services.len() == 1 { "uses" } else { "use" };
    let names: Vec<String> = services.iter().map(ToString::to_string).collect();
    format!("{} {verb} a different configuration", names.join(", "))
}

/// Returns the command that makes the services on this machine read the file again; `None` if there are none.
#[must_use]
pub fn reload_command(services: &[OtherConfigService]) -> Option<String> {
    let processes: Vec<&str> = services
        .iter()
        .filter_map(|service| match service {
            OtherConfigService::ThisMachine { process } => Some(process.as_str()),
            OtherConfigService::OtherMachine { .. } => None,
        })
        .collect();
    (!processes.is_empty()).then(|| format!("kill -HUP {}", processes.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only services on this machine can be reloaded from here.
    #[test]
    fn services_on_this_machine_have_a_reload_command() {
        let here = OtherConfigService::ThisMachine { process: "4711".to_owned() };
        let there = OtherConfigService::OtherMachine { host: "node-2".to_owned() };
        assert_eq!(reload_command(std::slice::from_ref(&there)), None);
        assert_eq!(reload_command(&[here.clone(), there.clone()]).as_deref(), Some("kill -HUP 4711"));
        let text = describe_services(&[here, there]);
        assert_eq!(text, "the service on this machine (process 4711), node-2 use a different configuration");
    }
}

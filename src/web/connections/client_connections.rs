//! Open connections of each client address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of open connections of each client address. The addresses of an IPv6 network of 64 bits count as one, because
/// one client can use all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientConnections(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A counted connection. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct ClientConnection(Option<(ClientConnections, IpAddr)>);

impl ClientConnections {
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection. `None` if the address has `most` connections.
    pub(super) fn enter(&self, address: IpAddr, most: usize) -> Option<ClientConnection> {
        let client = client_network(address);
        let mut counts = self.counts();
        let count = counts.entry(client).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(ClientConnection(Some((self.clone(), client))))
    }
}

impl ClientConnection {
    /// Connection of an address without a bound.
    pub(super) fn uncounted() -> Self {
        Self(None)
    }
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        let Some((clients, client)) = self.0.take() else { return };
        let mut counts = clients.counts();
        if let Some(count) = counts.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&client);
            }
        }
    }
}

fn client_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn connections_of_one_address_or_network_are_bounded_until_one_ends() {
        let clients = ClientConnections::default();
        let first = clients.enter(address("2001:db8::1"), 1);
        assert!(first.is_some());
        assert!(clients.enter(address("2001:db8::2"), 1).is_none());
        assert!(clients.enter(address("2001:db8:0:1::2"), 1).is_some());
        assert!(clients.enter(address("192.0.2.1"), 1).is_some());
        drop(first);
        assert!(clients.enter(address("2001:db8::2"), 1).is_some());
        assert!(clients.counts().is_empty());
    }
}

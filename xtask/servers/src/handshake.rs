//! Asking a server whether it lets its administrator in without a password.
//!
//! Just the first packets of each protocol: a driver here would be compiled before anything else, with
//! other features than the tests need it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::Kind;

const PATIENCE: Duration = Duration::from_secs(3);

/// Logs in at a port of 127.0.0.1 as the administrator, without a password.
///
/// # Errors
/// When nothing listens there, it is not such a server, or it asks for a password.
pub fn lets_in(kind: Kind, port: u16) -> io::Result<()> {
    let stream = connect((Ipv4Addr::LOCALHOST, port).into())?;
    match kind {
        Kind::Postgres => postgres(stream),
        Kind::Mysql => mysql(stream),
    }
}

/// Opens a connection to the host and port of a URL.
///
/// # Errors
/// A message to continue a sentence with, when the URL has no host or nothing answers there.
pub fn reach(url: &str, standard_port: u16) -> Result<(), String> {
    let (host, port) = host_and_port(url, standard_port)
        .ok_or("it is not a URL like scheme://user:password@host:port/database")?;
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|error| format!("its host {host} is unknown: {error}"))?;
    let mut outcome = Err(format!("its host {host} has no address"));
    for address in addresses {
        match connect(address) {
            Ok(_) => return Ok(()),
            Err(error) => outcome = Err(format!("nothing answers at {address}: {error}")),
        }
    }
    outcome
}

fn host_and_port(url: &str, standard_port: u16) -> Option<(&str, u16)> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let address = authority.rsplit_once('@').map_or(authority, |(_, a)| a);
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (address, standard_port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some((host, port))
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// PostgreSQL: a start-up message, answered by `R` (authentication) with code 0 when no password is wanted.
fn postgres(mut stream: TcpStream) -> io::Result<()> {
    const PROTOCOL_3_0: u32 = 3 << 16;
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).map_err(io::Error::other)?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend(PROTOCOL_3_0.to_be_bytes());
    message.extend(parameters);
    stream.write_all(&message)?;

    let mut answer = [0; 9];
    stream.read_exact(&mut answer)?;
    if answer != *b"R\0\0\0\x08\0\0\0\0" {
        return Err(refused());
    }
    stream.write_all(b"X\0\0\0\x04")
}

/// MySQL: a greeting, answered by a login with an empty password; OK comes back as a packet that starts with 0.
fn mysql(mut stream: TcpStream) -> io::Result<()> {
    const LONG_PASSWORD: u32 = 1;
    const PROTOCOL_41: u32 = 1 << 9;
    const SECURE_CONNECTION: u32 = 1 << 15;
    const PLUGIN_AUTH: u32 = 1 << 19;
    const OK: u8 = 0;
    const SWITCH_PLUGIN: u8 = 0xfe;
    const UTF8MB4: u8 = 45;

    let (number, greeting) = read_packet(&mut stream)?;
    if greeting.first() != Some(&10) {
        return Err(refused());
    }
    let mut login = (LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH)
        .to_le_bytes()
        .to_vec();
    login.extend((1_u32 << 24).to_le_bytes());
    login.push(UTF8MB4);
    login.extend([0; 23]);
    login.extend(b"root\0\0mysql_native_password\0");
    write_packet(&mut stream, number.wrapping_add(1), &login)?;

    let (number, mut answer) = read_packet(&mut stream)?;
    if answer.first() == Some(&SWITCH_PLUGIN) {
        write_packet(&mut stream, number.wrapping_add(1), &[])?;
        answer = read_packet(&mut stream)?.1;
    }
    if answer.first() != Some(&OK) {
        return Err(refused());
    }
    write_packet(&mut stream, 0, &[1])
}

fn read_packet(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
    let mut payload = Vec::new();
    stream.take(length.into()).read_to_end(&mut payload)?;
    Ok((header[3], payload))
}

fn write_packet(stream: &mut TcpStream, number: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    let mut packet = length.to_le_bytes();
    packet[3] = number;
    stream.write_all(&packet)?;
    stream.write_all(payload)
}

fn refused() -> io::Error {
    io::Error::other("it does not let its administrator in without a password")
}

#[cfg(test)]
mod tests {
    use super::{host_and_port, reach};

    #[test]
    fn hosts_and_ports_are_found_in_urls() {
        for (url, expected) in [
            ("postgres://db/x", Some(("db", 5432))),
            (
                "postgres://me:p@ss:w@db:77/x?sslmode=require",
                Some(("db", 77)),
            ),
            ("postgres://me@[::1]:77", Some(("::1", 77))),
            ("postgres://me@[::1]/x", Some(("::1", 5432))),
            ("postgres:///x", None),
            ("postgres://db:port/x", None),
            ("db", None),
        ] {
            assert_eq!(host_and_port(url, 5432), expected, "{url}");
        }
    }

    #[test]
    fn a_silent_address_is_named() {
        let port = crate::free_port().unwrap();
        let error = reach(&format!("mysql://root@127.0.0.1:{port}"), 3306).unwrap_err();
        assert!(
            error.starts_with(&format!("nothing answers at 127.0.0.1:{port}")),
            "{error}"
        );
    }
}

//! A server's door: a proxy in front of it that reads what clients send, and can hold back what they get.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum_db::Dialect;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A proxy in front of the server of a URL.
pub(crate) struct Proxy {
    url: String,
    door: Arc<Door>,
    accepting: tokio::task::JoinHandle<()>,
}

/// What clients sent, and how often one spoke: each time it then waits for the server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) messages: Vec<String>,
    pub(crate) waits: usize,
}

struct Door {
    server: String,
    dialect: Dialect,
    traffic: Mutex<Traffic>,
    connections: AtomicUsize,
    /// A connection that sends this gets no more answers.
    held: Mutex<Option<&'static str>>,
    released: Notify,
    /// This becomes nonsense on its way.
    garbled: Mutex<Option<&'static str>>,
    /// A connection ends at the first message with this text.
    cut: Mutex<Option<(Cut, &'static str)>>,
    /// The line that carries so many bytes more ends.
    fault: Mutex<Option<Fault>>,
    /// How many bytes went to the server and back.
    carried: [AtomicUsize; 2],
    /// Nothing gets through on any line.
    dead: AtomicBool,
    /// Nothing gets through on the lines that were opened before this one.
    forgotten: AtomicUsize,
    /// Clients that bring options are turned away.
    refuses_options: AtomicBool,
}

/// What happens to a line after it has carried so many bytes in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) way: Way,
    pub(crate) after: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Nothing more comes, in this direction.
    Stall,
    /// Nothing gets through any more, on any line, until it is released.
    Dead,
    /// Both sides are told that the other has hung up.
    Close,
    /// The client is told that the line broke.
    Reset,
}

/// When a line goes dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the server has got the message.
    Before,
    /// After it was carried out, and before its answer is there.
    After,
}

/// What is known of one connection.
#[derive(Default)]
struct Line {
    /// How many were opened before it.
    number: usize,
    /// The client has spoken last. A server that waits for the client to speak first has its turn at the beginning.
    spoke: AtomicBool,
    /// Answers are held back.
    holds: AtomicBool,
    /// It ends with the next answer.
    dying: AtomicBool,
    /// What the server says no longer arrives.
    stalled: AtomicBool,
}

impl Proxy {
    pub(crate) async fn before(url: &str, dialect: Dialect) -> Self {
        let mut url = url::Url::parse(url).expect("a URL");
        let port = url.port().unwrap_or(match dialect {
            Dialect::Postgres => 5432,
            _ => 3306,
        });
        let door = Arc::new(Door {
            server: format!("{}:{port}", url.host_str().expect("a host")),
            dialect,
            traffic: Mutex::default(),
            connections: AtomicUsize::new(0),
            held: Mutex::default(),
            released: Notify::new(),
            garbled: Mutex::default(),
            cut: Mutex::default(),
            fault: Mutex::default(),
            carried: Default::default(),
            dead: AtomicBool::new(false),
            forgotten: AtomicUsize::new(0),
            refuses_options: AtomicBool::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let here = listener.local_addr().expect("an address");
        url.set_ip_host(here.ip()).expect("a host");
        url.set_port(Some(here.port())).expect("a port");
        match dialect {
            // What is encrypted cannot be read.
            Dialect::Postgres => url.query_pairs_mut().append_pair("sslmode", "disable"),
            // The driver would go round the proxy otherwise.
            _ => url.query_pairs_mut().append_pair("prefer_socket", "false"),
        };
        let accepting = tokio::spawn({
            let door = door.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let door = door.clone();
                    tokio::spawn(async move { door.serve(client).await });
                }
            }
        });
        Self {
            url: url.into(),
            door,
            accepting,
        }
    }

    /// The URL that goes through the proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What was sent since the last call.
    pub(crate) fn take(&self) -> Traffic {
        std::mem::take(&mut *lock(&self.door.traffic))
    }

    /// How many connections were opened so far.
    pub(crate) fn connections(&self) -> usize {
        self.door.connections.load(Ordering::SeqCst)
    }

    /// Lets what contains `text` pass, and holds everything back that the server says from then on.
    pub(crate) fn hold_after(&self, text: &'static str) {
        *lock(&self.door.held) = Some(text);
    }

    /// Ends the holding, for all connections.
    pub(crate) fn release(&self) {
        *lock(&self.door.held) = None;
        self.door.dead.store(false, Ordering::SeqCst);
        self.door.released.notify_waiters();
    }

    /// Ends each connection at the first message that contains `text`.
    pub(crate) fn cut(&self, when: Cut, text: &'static str) {
        *lock(&self.door.cut) = Some((when, text));
    }

    /// Ends the line that carries so many bytes more.
    pub(crate) fn fault(&self, fault: Fault) {
        *lock(&self.door.fault) = Some(fault);
    }

    /// Takes a [`Proxy::fault`] back that has not come to pass.
    pub(crate) fn spare(&self) {
        *lock(&self.door.fault) = None;
    }

    /// Takes no new connections.
    #[allow(dead_code)] // MySQL's alone, and the file serves PostgreSQL too
    pub(crate) fn shut(&self) {
        self.accepting.abort();
    }

    /// The lines that are open stay so, and carry nothing any more: a firewall has forgotten them.
    pub(crate) fn forget(&self) {
        self.door
            .forgotten
            .store(self.connections(), Ordering::SeqCst);
    }

    /// How many bytes went to the server and back since the last call.
    pub(crate) fn carried(&self) -> [usize; 2] {
        self.door
            .carried
            .each_ref()
            .map(|bytes| bytes.swap(0, Ordering::SeqCst))
    }

    /// From now on turns PostgreSQL's clients away that bring options, as PgBouncer does.
    #[allow(dead_code)] // PostgreSQL's alone, and the file serves MySQL too
    pub(crate) fn refuse_options(&self) {
        self.door.refuses_options.store(true, Ordering::SeqCst);
    }

    /// Makes nonsense of `text` in what clients send, until told otherwise.
    pub(crate) fn garble(&self, text: Option<&'static str>) {
        *lock(&self.door.garbled) = text;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Door {
    async fn serve(&self, mut client: TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        if self.refuses_options.load(Ordering::SeqCst) && self.turns_away(&mut client).await {
            return;
        }
        let Ok(server) = TcpStream::connect(&self.server).await else {
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let line = Line {
            number,
            ..Line::default()
        };
        let questions = std::pin::pin!(self.questions(from_client, to_server, &line));
        let mut answers = std::pin::pin!(self.answers(from_server, to_client, &line));
        // A client that has said everything may still wait for the server to hang up.
        tokio::select! {
            () = &mut answers => {}
            goes_on = questions => if goes_on && !line.stalled.load(Ordering::SeqCst) { answers.await },
        }
    }

    /// How much of what is to be carried arrives, and what happens to the line then, if anything.
    async fn carry(
        &self,
        line: &Line,
        way: Way,
        bytes: &[u8],
        to: &mut OwnedWriteHalf,
    ) -> Result<(), Option<What>> {
        if line.number < self.forgotten.load(Ordering::SeqCst) {
            return Err(Some(What::Stall));
        }
        loop {
            let released = self.released.notified();
            if !self.dead.load(Ordering::SeqCst) {
                break;
            }
            released.await;
        }
        let (count, what) = {
            let mut fault = lock(&self.fault);
            match &mut *fault {
                Some(Fault {
                    way: its, after, ..
                }) if *its == way && *after >= bytes.len() => {
                    *after -= bytes.len();
                    (bytes.len(), None)
                }
                Some(Fault {
                    way: its,
                    after,
                    what,
                }) if *its == way => {
                    let ending = (*after, Some(*what));
                    *fault = None;
                    ending
                }
                _ => (bytes.len(), None),
            }
        };
        self.carried[way as usize].fetch_add(count, Ordering::SeqCst);
        if what == Some(What::Dead) {
            self.dead.store(true, Ordering::SeqCst);
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return Err(None);
        }
        match what {
            None => Ok(()),
            // Later, what is left arrives after all.
            Some(What::Dead) => Box::pin(self.carry(line, way, &bytes[count..], to)).await,
            ending => Err(ending),
        }
    }

    /// Answers a start-up packet that has options in PgBouncer's words.
    async fn turns_away(&self, client: &mut TcpStream) -> bool {
        let mut packet = vec![0; 4096];
        let packet = loop {
            let Ok(count @ 1..) = client.peek(&mut packet).await else {
                return true;
            };
            let length = packet[..count].first_chunk().copied();
            let length = length.map(|length| u32::from_be_bytes(length) as usize);
            if length.is_some_and(|length| length <= count) {
                break &packet[..count];
            }
            tokio::task::yield_now().await;
        };
        if find(packet, "options\0").is_none() {
            return false;
        }
        let error = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
        let mut answer = vec![b'E'];
        answer.extend(u32::to_be_bytes(4 + error.len() as u32));
        answer.extend(error);
        let _ = client.write_all(&answer).await;
        let _ = client.read_exact(&mut vec![0; packet.len()]).await;
        true
    }

    /// Passes on what the client says; `false` when the line goes dead.
    async fn questions(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        line: &Line,
    ) -> bool {
        let mut parser = Parser::new(self.dialect);
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let count = match from.read(&mut chunk).await {
                Ok(count) if count > 0 => count,
                _ => {
                    let _ = to.shutdown().await;
                    return true;
                }
            };
            let mut bytes = chunk[..count].to_vec();
            if let Some(text) = *lock(&self.garbled) {
                while let Some(at) = find(&bytes, text) {
                    bytes[at..at + text.len()].fill(b'?');
                }
            }
            let messages = parser.read(&bytes);
            if let Some(text) = *lock(&self.held)
                && messages.iter().any(|message| message.contains(text))
            {
                line.holds.store(true, Ordering::SeqCst);
            }
            if let Some((when, text)) = *lock(&self.cut)
                && messages.iter().any(|message| message.contains(text))
            {
                if when == Cut::Before {
                    return false;
                }
                line.dying.store(true, Ordering::SeqCst);
            }
            {
                let mut traffic = lock(&self.traffic);
                traffic.messages.extend(messages);
                if !line.spoke.swap(true, Ordering::SeqCst) {
                    traffic.waits += 1;
                }
            }
            match self.carry(line, Way::ToServer, &bytes, &mut to).await {
                Ok(()) => {}
                Err(None) => return true,
                Err(Some(What::Stall)) => {
                    // The client may still hang up.
                    while from.read(&mut chunk).await.is_ok_and(|count| count > 0) {}
                    return false;
                }
                Err(Some(what)) => {
                    if what == What::Reset {
                        let _ = from.as_ref().set_zero_linger();
                    }
                    return false;
                }
            }
        }
    }

    async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Line) {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let count = match from.read(&mut chunk).await {
                Ok(count) if count > 0 => count,
                _ => return,
            };
            if line.dying.load(Ordering::SeqCst) {
                // PostgreSQL may still be answering an earlier message; it names what it did.
                let text = lock(&self.cut).map_or("", |(_, text)| text);
                if self.dialect != Dialect::Postgres || find(&chunk[..count], text).is_some() {
                    return;
                }
                continue;
            }
            while line.holds.load(Ordering::SeqCst) {
                let released = self.released.notified();
                if lock(&self.held).is_none() {
                    line.holds.store(false, Ordering::SeqCst);
                } else {
                    released.await;
                }
            }
            line.spoke.store(false, Ordering::SeqCst);
            match self
                .carry(line, Way::ToClient, &chunk[..count], &mut to)
                .await
            {
                Ok(()) => {}
                Err(Some(What::Stall)) => {
                    line.stalled.store(true, Ordering::SeqCst);
                    std::future::pending::<()>().await;
                }
                Err(what) => {
                    if what == Some(What::Reset) {
                        let _ = to.as_ref().set_zero_linger();
                    }
                    return;
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes())
}

/// Cuts what a client sends into messages.
struct Parser {
    dialect: Dialect,
    rest: Vec<u8>,
    greeted: bool,
}

impl Parser {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            rest: Vec::new(),
            greeted: false,
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        std::iter::from_fn(|| match self.dialect {
            Dialect::Postgres => self.postgres(),
            _ => self.mysql(),
        })
        .collect()
    }

    /// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
    fn postgres(&mut self) -> Option<String> {
        let head = usize::from(self.greeted);
        let length: [u8; 4] = self.rest.get(head..head + 4)?.try_into().ok()?;
        let end = head + usize::try_from(u32::from_be_bytes(length)).ok()?;
        if self.rest.len() < end {
            return None;
        }
        let message: Vec<u8> = self.rest.drain(..end).collect();
        if !self.greeted {
            self.greeted = true;
            let cancel = message.get(4..8) == Some(&80_877_102_u32.to_be_bytes());
            return Some(if cancel { "Cancel" } else { "Startup" }.to_owned());
        }
        let text = |skip: usize| {
            let mut parts = message[5..].split(|&byte| byte == 0).skip(skip);
            String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned()
        };
        Some(match message[0] {
            b'Q' => format!("Query {}", text(0)),
            b'P' => format!("Parse {}", text(1)),
            b'B' => "Bind".to_owned(),
            b'C' => "Close".to_owned(),
            b'D' => "Describe".to_owned(),
            b'E' => "Execute".to_owned(),
            b'S' => "Sync".to_owned(),
            b'X' => "Terminate".to_owned(),
            other => format!("Message {}", char::from(other)),
        })
    }

    /// <https://mariadb.com/docs/server/reference/clientserver-protocol/0-packet>
    fn mysql(&mut self) -> Option<String> {
        let head = self.rest.get(..4)?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
        let end = 4 + usize::try_from(length).ok()?;
        if self.rest.len() < end {
            return None;
        }
        let message: Vec<u8> = self.rest.drain(..end).collect();
        // Only a command is the first packet of its exchange.
        if message[3] != 0 {
            return Some("Handshake".to_owned());
        }
        let text = String::from_utf8_lossy(message.get(5..).unwrap_or_default());
        Some(match message.get(4) {
            Some(0x01) => "Quit".to_owned(),
            Some(0x03) => format!("Query {text}"),
            Some(0x16) => format!("Prepare {text}"),
            Some(0x17) => "Execute".to_owned(),
            Some(0x19) => "Close".to_owned(),
            other => format!("Command {other:?}"),
        })
    }
}

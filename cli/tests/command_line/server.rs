//! A server on this machine that gives scripted answers, one a connection, and keeps what it was asked. It ends by
//! itself: when it has given all of them, when its test is done, or after [`LONGEST`].

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long a server waits and serves at most.
const LONGEST: Duration = Duration::from_secs(60);

/// The most bytes of an endless answer.
const ENDLESS: usize = 1 << 28;

/// What is sent to one request, whatever it asks for.
pub(crate) struct Answer {
    head: String,
    body: Vec<u8>,
    then: Then,
}

enum Then {
    Close,
    /// Nothing more is sent, and the connection stays.
    Stall,
    /// The body is repeated.
    Repeat,
    /// The body comes a byte at a time.
    Drip,
}

impl Answer {
    /// A status line, headers and no body.
    pub(crate) fn status(status: &str, headers: &[&str]) -> Answer {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
        Answer { head, body: Vec::new(), then: Then::Close }
    }

    /// All of a file.
    pub(crate) fn whole(file: &[u8]) -> Answer {
        Answer::claiming(file.len(), file)
    }

    /// All of a file, whose length is claimed to be another.
    pub(crate) fn claiming(length: usize, file: &[u8]) -> Answer {
        Answer::status("200 OK", &[&format!("Content-Length: {length}")]).with_body(file)
    }

    /// A body without a length that does not end.
    pub(crate) fn endless() -> Answer {
        let answer = Answer::status("200 OK", &[]).with_body(&[0x55; 1 << 16]);
        Answer { then: Then::Repeat, ..answer }
    }

    /// The same answer, cut off after this many bytes of the body.
    pub(crate) fn cut_after(mut self, bytes: usize) -> Answer {
        self.body.truncate(bytes);
        self
    }

    /// The same answer, after which the connection stays open.
    pub(crate) fn stalling(self) -> Answer {
        Answer { then: Then::Stall, ..self }
    }

    /// A body in chunks of which the first has a length that is written without end, a digit at a time.
    pub(crate) fn endless_chunk() -> Answer {
        let answer = Answer::status("200 OK", &["Transfer-Encoding: chunked"]).with_body(&[b'0'; 1 << 16]);
        answer.dripping()
    }

    /// The same answer, a byte at a time.
    pub(crate) fn dripping(self) -> Answer {
        Answer { then: Then::Drip, ..self }
    }

    /// No answer at all.
    pub(crate) fn silence() -> Answer {
        Answer { head: String::new(), body: Vec::new(), then: Then::Stall }
    }

    fn with_body(self, body: &[u8]) -> Answer {
        Answer { body: body.to_vec(), ..self }
    }

    fn send(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self.head.as_bytes())?;
        if matches!(self.then, Then::Drip) {
            for byte in &self.body {
                to.write_all(&[*byte])?;
                to.flush()?;
                thread::sleep(Duration::from_millis(50));
            }
            return Ok(());
        }
        to.write_all(&self.body)?;
        if matches!(self.then, Then::Repeat) {
            for _ in 1..ENDLESS / self.body.len() {
                to.write_all(&self.body)?;
            }
        }
        to.flush()
    }
}

pub(crate) struct Server {
    scheme: &'static str,
    address: SocketAddr,
    is_done: Arc<AtomicBool>,
    serving: JoinHandle<Vec<String>>,
}

impl Server {
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Server {
        Server::listen("http", None, answers.into_iter().collect())
    }

    /// A server that encrypts.
    pub(crate) fn start_encrypted(
        config: &Arc<ServerConfig>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Server {
        Server::listen("https", Some(Arc::clone(config)), answers.into_iter().collect())
    }

    fn listen(scheme: &'static str, encryption: Option<Arc<ServerConfig>>, answers: Vec<Answer>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // So that waiting for a connection can end.
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let is_done = Arc::new(AtomicBool::new(false));
        let wait = Wait { is_done: Arc::clone(&is_done), until: Instant::now() + LONGEST };
        let serving = thread::spawn(move || serve(&listener, encryption.as_ref(), &answers, &wait));
        Server { scheme, address, is_done, serving }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}/{path}", self.scheme, self.address)
    }

    /// Ends the server; what it was asked, one text for each connection, in lower case.
    pub(crate) fn requests(self) -> Vec<String> {
        self.is_done.store(true, Ordering::Relaxed);
        self.serving.join().unwrap()
    }
}

struct Wait {
    is_done: Arc<AtomicBool>,
    until: Instant,
}

impl Wait {
    /// Sleeps a little, if there is anything to wait for.
    fn goes_on(&self) -> bool {
        thread::sleep(Duration::from_millis(2));
        !self.is_done.load(Ordering::Relaxed) && Instant::now() < self.until
    }
}

fn serve(
    listener: &TcpListener,
    encryption: Option<&Arc<ServerConfig>>,
    answers: &[Answer],
    wait: &Wait,
) -> Vec<String> {
    let mut requests = Vec::new();
    for answer in answers {
        let Some(mut stream) = accept(listener, wait) else { break };
        requests.push(match encryption {
            None => exchange(&mut stream, answer),
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                exchange(&mut StreamOwned::new(connection, &stream), answer)
            }
        });
        if matches!(answer.then, Then::Stall) {
            while wait.goes_on() && is_open(&stream) {}
        }
    }
    requests
}

/// Answers one request, and gives it.
fn exchange(stream: &mut (impl Read + Write), answer: &Answer) -> String {
    let request = read_head(stream);
    // Clients may leave early.
    let _ = answer.send(stream);
    request.to_lowercase()
}

fn accept(listener: &TcpListener, wait: &Wait) -> Option<TcpStream> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(LONGEST)).unwrap();
                stream.set_write_timeout(Some(LONGEST)).unwrap();
                return Some(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && wait.goes_on() => {}
            Err(_) => return None,
        }
    }
}

/// A request up to the empty line.
fn read_head(stream: &mut dyn Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 1 << 16 && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let is_open = matches!(stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    is_open
}

//! `--watch`: the page on a port of this machine, while the run goes on. Whoever knows the address, which holds a token that
//! cannot be guessed, may look and may stop the run; nobody else may do either.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

use super::Run;

/// How long pages have to take in the end of a run.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a page is told that there is nothing new, so that one which was closed is noticed.
const SILENCE: Duration = Duration::from_secs(10);

/// Pages that are told what happens.
#[derive(Default)]
pub(super) struct Listeners(Mutex<Vec<Sender<String>>>);

impl Listeners {
    /// Sends an event to every page that is open.
    pub(super) fn tell(&self, event: &str, json: &str) {
        let message = format!("event: {event}\ndata: {json}\n\n");
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.send(message.clone()).is_ok());
    }

    fn add(&self, first: String) -> Receiver<String> {
        let (sender, receiver) = channel();
        // It cannot fail: the receiver is here.
        let _ = sender.send(first);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Ends every page's stream.
    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The page while the run goes on.
pub(crate) struct Live {
    server: Arc<Server>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    address: SocketAddr,
}

/// What the threads that answer know.
struct Shared {
    token: String,
    address: SocketAddr,
    listeners: Arc<Listeners>,
    stop: AtomicBool,
    /// The run, once it is prepared.
    run: Mutex<Option<Arc<Mutex<Run>>>>,
    /// Threads that write to open pages.
    writers: Mutex<Vec<JoinHandle<()>>>,
}

impl Live {
    /// Listens on a port of this machine; 0 takes a free one.
    pub(crate) fn start(port: u16) -> anyhow::Result<Live> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = Server::http(wanted).map_err(|error| {
            anyhow::anyhow!(
                "cannot watch on port {port}, which may be taken: name another with --watch PORT, or none ({error})"
            )
        })?;
        let address = server.server_addr().to_ip().context("the server has no address")?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).context("there are no random numbers for the address of --watch")?;
        let shared = Arc::new(Shared {
            token: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            address,
            listeners: Arc::default(),
            stop: AtomicBool::new(false),
            run: Mutex::new(None),
            writers: Mutex::default(),
        });
        let server = Arc::new(server);
        let thread = {
            let (server, shared) = (Arc::clone(&server), Arc::clone(&shared));
            thread::spawn(move || server.incoming_requests().for_each(|request| shared.answer(request)))
        };
        Ok(Live { server, shared, thread: Some(thread), address })
    }

    /// Where the page is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/{}/", self.address, self.shared.token)
    }

    pub(super) fn listeners(&self) -> Arc<Listeners> {
        Arc::clone(&self.shared.listeners)
    }

    /// Shows a run from now on.
    pub(super) fn show(&self, run: Arc<Mutex<Run>>) {
        let mut shown = self.shared.run.lock().unwrap_or_else(PoisonError::into_inner);
        // Pages that were opened before there was a run wait for it.
        if let Ok(json) = serde_json::to_string(&*run.lock().unwrap_or_else(PoisonError::into_inner)) {
            self.shared.listeners.tell("run", &json);
        }
        *shown = Some(run);
    }

    /// Whether a page asked for an end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// Whether a page is open that waits for what comes.
    fn is_watched(&self) -> bool {
        let writers = self.shared.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.iter().any(|writer| !writer.is_finished())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.listeners.close();
        let end = Instant::now() + PATIENCE;
        while self.is_watched() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            // It ends at once, and has nothing to say.
            let _ = thread.join();
        }
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("names and values here are ASCII")
}

impl Shared {
    fn answer(self: &Arc<Self>, request: Request) {
        // Another site's name that leads to this machine is no address of this page.
        let hosts = [self.address.to_string(), format!("localhost:{}", self.address.port())];
        let of_host = request.headers().iter().find(|header| header.field.equiv("Host"));
        let is_ours = of_host.is_some_and(|header| hosts.iter().any(|host| header.value.as_str() == host));
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        let inside = path.strip_prefix('/').and_then(|path| path.strip_prefix(&self.token));
        let refused = |code: u16, text: &str| Response::from_string(text).with_status_code(StatusCode(code));
        // Answers that nobody reads any more are no fault.
        let _ = match (request.method(), inside.filter(|_| is_ours)) {
            (_, None) => request.respond(refused(403, "the address lacks its token\n")),
            (Method::Get, Some("/")) => self.page(request),
            (Method::Get, Some("/events")) => {
                self.stream(request);
                Ok(())
            }
            (Method::Post, Some("/stop")) => {
                self.stop.store(true, Ordering::Relaxed);
                request.respond(Response::empty(StatusCode(204)))
            }
            (_, Some("/" | "/events" | "/stop")) => request.respond(refused(405, "not so\n")),
            (_, Some(_)) => request.respond(refused(404, "there is no such page\n")),
        };
    }

    /// What is known of the run.
    fn snapshot(&self) -> Run {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match run {
            Some(run) => run.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => Run { title: "impasto".into(), live: true, ..Run::default() },
        }
    }

    fn page(&self, request: Request) -> std::io::Result<()> {
        // The rest comes as events, so that nothing that happens meanwhile is missed.
        let Run { title, lead, .. } = self.snapshot();
        let page = Run { title, lead, live: true, ..Run::default() }.html().unwrap_or_default();
        let policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        let response = Response::from_string(page)
            .with_header(header("Content-Type", "text/html; charset=utf-8"))
            .with_header(header("Content-Security-Policy", policy))
            .with_header(header("Cache-Control", "no-store"))
            .with_header(header("Referrer-Policy", "no-referrer"));
        request.respond(response)
    }

    /// Tells a page all that was, and then all that comes.
    fn stream(self: &Arc<Self>, request: Request) {
        // In one step, so that no event falls between the two.
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let events = match &*run {
            Some(run) => {
                let run = run.lock().unwrap_or_else(PoisonError::into_inner);
                let Ok(json) = serde_json::to_string(&*run) else { return };
                self.listeners.add(format!("event: run\ndata: {json}\n\n"))
            }
            None => self.listeners.add(": there is no run yet\n\n".into()),
        };
        drop(run);
        let writer = thread::spawn(move || {
            let mut writer = request.into_writer();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
                        Connection: close\r\n\r\n";
            let mut send =
                |text: &str| writer.write_all(text.as_bytes()).and_then(|()| writer.flush()).is_ok();
            if !send(head) {
                return;
            }
            loop {
                let message = match events.recv_timeout(SILENCE) {
                    Ok(message) => message,
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => ": still here\n\n".into(),
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                };
                if !send(&message) {
                    break;
                }
            }
        });
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.retain(|writer| !writer.is_finished());
        writers.push(writer);
    }
}

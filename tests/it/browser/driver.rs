//! A small client of the `WebDriver` protocol: as much of it as the tests of the page need, over plain HTTP.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Where an element's key would not be known to a keyboard: the codes of the protocol for keys without a letter.
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const ENTER: &str = "\u{e007}";

/// A headless Chromium, closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    server: Child,
    port: u16,
    session: String,
    profile: tempfile::TempDir,
}

/// How wide the window is and which colours its user likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Browser {
    /// Starts Chromium; none where it or its driver is not installed, which is said.
    pub(crate) fn start() -> Option<Self> {
        let (Some(driver), Some(chromium)) =
            (installed(&["chromedriver"]), installed(&["chromium", "chromium-browser", "google-chrome"]))
        else {
            crate::skipped("chromium and chromedriver are not installed; the page was not opened");
            return None;
        };
        let mut server = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let port = port(&mut server);
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self { server, port, session: String::new(), profile };
        let folder = format!("--user-data-dir={}", browser.profile.path().display());
        let options = json!({
            "binary": chromium,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-extensions", "--disable-background-networking", "--force-device-scale-factor=1", folder],
        });
        // A busy machine takes its time over a whole page.
        let timeouts = json!({"script": 120_000});
        let wanted = json!({
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}, "timeouts": timeouts
        });
        let made = browser.call("POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}));
        made["sessionId"].as_str().expect("a session has a name").clone_into(&mut browser.session);
        Some(browser)
    }

    /// Opens a file as a reader does, by its `file://` address.
    pub(crate) fn open(&self, file: &Path) {
        let address = format!("file://{}", std::path::absolute(file).unwrap().display());
        self.post("/url", &json!({"url": address}));
    }

    /// Makes the window so large, and prefers light or dark.
    pub(crate) fn shape(&self, width: u32, height: u32, scheme: Scheme) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.tools("Emulation.setDeviceMetricsOverride", &size);
        self.emulate("", scheme);
    }

    /// Shows the page as on paper.
    pub(crate) fn as_printed(&self) {
        self.emulate("print", Scheme::Light);
    }

    fn emulate(&self, media: &str, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.tools("Emulation.setEmulatedMedia", &json!({"media": media, "features": features}));
    }

    /// What a function body returns, run in the page.
    pub(crate) fn run(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({"script": body, "args": []}))
    }

    /// The same with arguments.
    pub(crate) fn run_with(&self, body: &str, arguments: &Value) -> Value {
        self.post("/execute/sync", &json!({"script": body, "args": arguments}))
    }

    /// What a function body hands to its last argument, a callback.
    pub(crate) fn wait_for(&self, body: &str) -> Value {
        self.post("/execute/async", &json!({"script": body, "args": []}))
    }

    /// Clicks where a person would: in the middle of an element that must be visible there.
    pub(crate) fn click(&self, selector: &str) {
        self.post(&format!("/element/{}/click", self.find(selector)), &json!({}));
    }

    /// Presses a key on an element.
    pub(crate) fn press(&self, selector: &str, key: &str) {
        self.post(&format!("/element/{}/value", self.find(selector)), &json!({"text": key}));
    }

    /// Moves the pointer through the middles of elements, and holds its button down from the first to the last of several.
    pub(crate) fn point_at(&self, selectors: &[&str]) {
        let ends: Vec<Value> = selectors
            .iter()
            .map(|selector| {
                let origin = json!({ELEMENT: self.find(selector)});
                json!({"type": "pointerMove", "duration": 20, "x": 0, "y": 0, "origin": origin})
            })
            .collect();
        let mut steps = ends;
        if steps.len() > 1 {
            steps.insert(1, json!({"type": "pointerDown", "button": 0}));
            steps.push(json!({"type": "pointerUp", "button": 0}));
        }
        let pointer = json!({"type": "pointer", "id": "mouse", "actions": steps});
        self.post("/actions", &json!({"actions": [pointer]}));
    }

    /// Whatever the console has said since it was asked last.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({"type": "browser"}));
        let text = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        entries.as_array().map(|entries| entries.iter().map(text).collect()).unwrap_or_default()
    }

    /// Keeps a picture of the whole page for people to look at.
    pub(crate) fn keep_picture(&self, name: &str) {
        let shot = self.tools("Page.captureScreenshot", &json!({"captureBeyondViewport": true}));
        keep(&format!("{name}.png"), &base64(shot["data"].as_str().expect("a picture is text")));
    }

    /// The page as PDF, kept for people to look at too.
    pub(crate) fn print(&self, name: &str) -> Vec<u8> {
        let page = json!({"page": {"width": 21.0, "height": 29.7}, "background": false});
        let pdf = base64(self.post("/print", &page).as_str().expect("a print is text"));
        keep(&format!("{name}.pdf"), &pdf);
        pdf
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("{selector} is not there")).to_owned()
    }

    fn tools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = exchange(self.port, method, path, &body.to_string());
        let answer: Value = serde_json::from_str(&answer).expect("the driver answers in JSON");
        assert_eq!(status, 200, "{method} {path}: {}", answer["value"]["message"]);
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            exchange(self.port, "DELETE", &format!("/session/{}", self.session), "");
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Pictures go where Cargo lets tests write.
fn keep(name: &str, bytes: &[u8]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// The first of some programs that is on the path.
fn installed(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// The port that the driver says it listens on.
fn port(server: &mut Child) -> u16 {
    let said = BufReader::new(server.stdout.take().expect("it is piped"));
    said.lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
        .expect("chromedriver says its port")
}

/// One request and its answer.
fn exchange(port: u16, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the driver listens");
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()))
        .expect("the driver reads");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("the driver answers in time");
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("an answer has a code");
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a head ends");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap_or_else(|_| panic!("{name} is a number"));
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).expect("a body is as long as it says");
    (status, String::from_utf8(bytes).expect("an answer is text"))
}

/// Bytes that were written as text.
fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(text.len() * 3 / 4), 0_u32, 0);
    for sign in text.bytes() {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        (bits, held) = ((bits << 6) | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    bytes
}

#[test]
fn text_becomes_the_bytes_that_it_was_made_of() {
    assert_eq!(base64("aGVsbG8="), b"hello");
    assert_eq!(base64("/+8A"), [0xff, 0xef, 0x00]);
}

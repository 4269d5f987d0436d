//! A language model behind an OpenAI-compatible API: Groq, OpenAI, vLLM, Ollama, llama.cpp. Text streams in
//! as it is generated; whoever drops the receiver ends the request.

use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::mpsc, time::timeout};
use url::Url;

use crate::{db::TokenCounts, telemetry};

/// Where a model is, and how patient one is with it.
#[derive(Clone, Debug)]
pub struct LlmSettings {
    /// The API up to and with `/v1`.
    pub url: Url,
    /// The model's name there.
    pub model: String,
    /// Sent as bearer.
    pub key: Option<String>,
    /// Without a byte for so long it is given up.
    pub silence: Duration,
    /// An answer takes no longer.
    pub whole: Duration,
}

impl LlmSettings {
    /// Is the model on this machine?
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }
}

/// A client of a model.
#[derive(Clone)]
pub struct Llm {
    settings: LlmSettings,
    client: Client,
}

/// Why a model gave no answer, or none to its end. Messages hold nothing that was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// It does not answer, or answered with a server's error, several times.
    #[error("the model does not answer: {0}")]
    Unavailable(String),
    /// It refuses the request: a wrong key, an unknown model.
    #[error("the model refuses the request with status {0}")]
    Refused(u16),
    /// It said nothing for too long.
    #[error("the model said nothing for too long")]
    Silent,
    /// What it sends is no stream of an OpenAI-compatible API.
    #[error("the model's answer is malformed")]
    Malformed,
}

/// Part of a conversation.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// What is said.
    pub content: String,
}

/// Tries of a request that was not begun to be answered.
const TRIES: u32 = 3;
/// Longest line of a stream.
const LINE_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u32,
    #[serde(default)]
    completion_tokens: u32,
}

impl Llm {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(settings: LlmSettings) -> Result<Self, LlmError> {
        let client = Client::builder()
            .connect_timeout(settings.silence)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| LlmError::Unavailable(error.without_url().to_string()))?;
        Ok(Self { settings, client })
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// Generates an answer and sends its parts as they come. It ends early, and so does the request, when
    /// nobody listens any more.
    ///
    /// # Errors
    /// [`LlmError`]; parts may have been sent before.
    pub async fn generate(
        &self,
        messages: &[Message],
        most_tokens: u32,
        parts: &mpsc::Sender<String>,
    ) -> Result<TokenCounts, LlmError> {
        let whole = self.settings.whole;
        let work = async {
            let response = self.begin(messages, most_tokens).await?;
            self.read(response, parts).await
        };
        let counts = tokio::select! {
            done = timeout(whole, work) => done.unwrap_or(Err(LlmError::Silent))?,
            // The request goes with its future.
            () = parts.closed() => TokenCounts::default(),
        };
        telemetry::chat_tokens(counts);
        Ok(counts)
    }

    async fn begin(&self, messages: &[Message], most: u32) -> Result<Response, LlmError> {
        let address = format!(
            "{}/chat/completions",
            self.settings.url.as_str().trim_end_matches('/')
        );
        let body = json!({
            "model": self.settings.model,
            "messages": messages,
            "max_tokens": most,
            "temperature": 0,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        let mut failure = LlmError::Silent;
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(250 << attempt)).await;
            }
            let mut request = self.client.post(&address).json(&body);
            if let Some(key) = &self.settings.key {
                request = request.bearer_auth(key);
            }
            failure = match timeout(self.settings.silence, request.send()).await {
                // Trying again would take as long again.
                Err(_) => return Err(LlmError::Silent),
                Ok(Err(error)) => LlmError::Unavailable(error.without_url().to_string()),
                Ok(Ok(response)) if response.status().is_success() => return Ok(response),
                Ok(Ok(response)) => {
                    let status = response.status();
                    if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS {
                        return Err(LlmError::Refused(status.as_u16()));
                    }
                    LlmError::Unavailable(format!("status {}", status.as_u16()))
                }
            };
        }
        Err(failure)
    }

    async fn read(
        &self,
        response: Response,
        parts: &mpsc::Sender<String>,
    ) -> Result<TokenCounts, LlmError> {
        let mut counts = TokenCounts::default();
        let mut bytes = response.bytes_stream();
        let mut held: Vec<u8> = Vec::new();
        let mut understood = false;
        loop {
            let next = timeout(self.settings.silence, bytes.next()).await;
            let chunk = match next.map_err(|_| LlmError::Silent)? {
                None => break,
                Some(Err(error)) => {
                    return Err(LlmError::Unavailable(error.without_url().to_string()));
                }
                Some(Ok(chunk)) => chunk,
            };
            held.extend_from_slice(&chunk);
            while let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = held.drain(..=end).collect();
                let line = std::str::from_utf8(&line)
                    .map_err(|_| LlmError::Malformed)?
                    .trim();
                let Some(event) = line.strip_prefix("data:") else {
                    continue;
                };
                if event.trim() == "[DONE]" {
                    return Ok(counts);
                }
                let chunk: Chunk = serde_json::from_str(event).map_err(|_| LlmError::Malformed)?;
                understood = true;
                if let Some(usage) = chunk.usage {
                    counts = TokenCounts {
                        prompt: usage.prompt_tokens,
                        completion: usage.completion_tokens,
                    };
                }
                let said = chunk
                    .choices
                    .into_iter()
                    .filter_map(|choice| choice.delta.content);
                for part in said.filter(|part| !part.is_empty()) {
                    if parts.send(part).await.is_err() {
                        return Ok(counts);
                    }
                }
            }
            if held.len() > LINE_BYTES {
                return Err(LlmError::Malformed);
            }
        }
        if understood {
            Ok(counts)
        } else {
            Err(LlmError::Malformed)
        }
    }
}

//! Measures kube-rs with k8s-openapi on the cases of the real server and of controllers.
//!
//!     rustclient real|controllers CASE URL FOLDER
//!
//! It reads FOLDER/kubeconfig and FOLDER/plan.json, and prints one JSON object: seconds of each repetition, CPU seconds
//! of a repetition and the peak memory.

mod controllers;

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::watcher;
use kube::{Client, Config};
use serde_json::{Map, Value, json};

type Failure = Box<dyn Error + Send + Sync>;

const POD: &str = "web-0";
const WRITTEN: &str = "web-1";

fn cpu() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // Safety: the pointer is valid for the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// A figure of the memory of this process in KiB.
fn memory(name: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let found = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
    Ok(found.trim().trim_end_matches(" kB").parse()?)
}

/// Seconds of each repetition, the CPU seconds of all, and further figures.
#[derive(Default)]
struct Measured {
    seconds: Vec<f64>,
    cpu: f64,
    extra: Map<String, Value>,
}

impl Measured {
    fn add(&mut self, began: (Instant, f64)) {
        self.seconds.push(began.0.elapsed().as_secs_f64());
        self.cpu += cpu() - began.1;
    }
}

fn begin() -> (Instant, f64) {
    (Instant::now(), cpu())
}

struct Plan(Value);

impl Plan {
    fn number(&self, name: &str) -> usize {
        self.0[name].as_u64().unwrap_or_else(|| panic!("no {name} in the plan")) as usize
    }

    fn seconds(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or_else(|| panic!("no {name} in the plan"))
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name} in the plan"))
    }
}

async fn lists(pods: &Api<Pod>, params: ListParams, count: usize, expected: usize) -> Result<Measured, Failure> {
    pods.list(&ListParams::default().limit(1)).await?;
    let mut measured = Measured::default();
    for _ in 0..count {
        let began = begin();
        let found = pods.list(&params).await?;
        measured.add(began);
        assert_eq!(found.items.len(), expected);
    }
    Ok(measured)
}

async fn gets(pods: &Api<Pod>, plan: &Plan) -> Result<Measured, Failure> {
    for _ in 0..plan.number("warm_up") {
        pods.get(POD).await?;
    }
    let mut measured = Measured::default();
    for _ in 0..plan.number("gets") {
        let began = begin();
        pods.get(POD).await?;
        measured.add(began);
    }
    Ok(measured)
}

async fn fan_out(pods: &Api<Pod>, plan: &Plan) -> Result<Measured, Failure> {
    let mut measured = Measured::default();
    for turn in 0..4 {
        let began = begin();
        stream::iter(0..plan.number("fan_out"))
            .map(|_| {
                let pods = pods.clone();
                async move { tokio::spawn(async move { pods.get(POD).await }).await }
            })
            .buffer_unordered(plan.number("connections"))
            .map(|joined| joined.map_err(Failure::from)?.map_err(Failure::from))
            .try_for_each(|_| async { Ok(()) })
            .await?;
        if turn > 0 {
            measured.add(began);
        }
    }
    Ok(measured)
}

async fn create(client: Client, plan: Arc<Plan>) -> Result<Measured, Failure> {
    let maps: Api<ConfigMap> = Api::namespaced(client, plan.text("created"));
    let mut measured = Measured::default();
    for (prefix, count) in [("warm", 2 * plan.number("tasks")), ("made", plan.number("creates"))] {
        let began = begin();
        stream::iter(0..count)
            .map(|number| {
                let maps = maps.clone();
                async move {
                    tokio::spawn(async move {
                        let map: ConfigMap = serde_json::from_value(json!({
                            "metadata": {"name": format!("{prefix}-{number}"), "labels": {"app": "bench"}},
                            "data": {"number": number.to_string()},
                        }))?;
                        maps.create(&PostParams::default(), &map).await.map_err(Failure::from)
                    })
                    .await
                }
            })
            .buffer_unordered(plan.number("tasks"))
            .map(|joined| joined.map_err(Failure::from)?)
            .try_for_each(|_| async { Ok(()) })
            .await?;
        if prefix == "made" {
            measured.add(began);
        }
    }
    Ok(measured)
}

async fn update(pods: &Api<Pod>, plan: &Plan) -> Result<Measured, Failure> {
    let mut pod = pods.get(WRITTEN).await?;
    let mut measured = Measured::default();
    let params = PostParams { field_manager: Some("bench".into()), ..PostParams::default() };
    for turn in 0..plan.number("writes") + 20 {
        let annotations = pod.metadata.annotations.get_or_insert_default();
        annotations.insert("bench".into(), turn.to_string());
        let began = begin();
        pod = pods.replace(WRITTEN, &params, &pod).await?;
        if turn >= 20 {
            measured.add(began);
        }
    }
    Ok(measured)
}

async fn patch(pods: &Api<Pod>, plan: &Plan) -> Result<Measured, Failure> {
    let mut measured = Measured::default();
    let params = PatchParams { field_manager: Some("bench".into()), ..PatchParams::default() };
    for turn in 0..plan.number("writes") + 20 {
        let began = begin();
        let change = json!({"metadata": {"annotations": {"bench": turn.to_string()}}});
        pods.patch(WRITTEN, &params, &Patch::Merge(change)).await?;
        if turn >= 20 {
            measured.add(began);
        }
    }
    Ok(measured)
}

/// Reads changes; like other clients, it continues after the last one if the server ends the watch.
async fn watch(pods: &Api<Pod>, plan: &Plan) -> Result<Measured, Failure> {
    let params = WatchParams::default().timeout(290);
    let mut version = pods.list(&ListParams::default().limit(1)).await?.metadata.resource_version.unwrap_or_default();
    let mut events = pods.watch(&params, &version).await?.boxed();
    println!("ready");
    std::io::stdout().flush()?;
    let mut measured = Measured::default();
    let mut began = begin();
    let mut seen = 0;
    while seen < plan.number("changes") {
        match events.try_next().await? {
            Some(WatchEvent::Modified(pod)) => {
                version = pod.metadata.resource_version.unwrap_or_default();
                seen += 1;
            }
            Some(WatchEvent::Error(_)) | None => events = pods.watch(&params, &version).await?.boxed(),
            Some(_) => {}
        }
        if seen == 1 {
            began.0 = Instant::now();
        }
    }
    measured.add(began);
    Ok(measured)
}

async fn sync(pods: &Api<Pod>, config: watcher::Config, expected: usize) -> Result<Measured, Failure> {
    pods.list(&ListParams::default().limit(1)).await?;
    let mut measured = Measured::default();
    let began = begin();
    let mut known = Vec::new();
    let mut events = watcher::watcher(pods.clone(), config).boxed();
    while let Some(event) = events.try_next().await? {
        match event {
            watcher::Event::InitApply(pod) => known.push(pod),
            watcher::Event::InitDone => break,
            _ => {}
        }
    }
    measured.add(began);
    assert_eq!(known.len(), expected);
    Ok(measured)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let (table, case, folder) = (arguments[1].as_str(), arguments[2].as_str(), &arguments[4]);
    let plan = Arc::new(Plan(serde_json::from_slice(&std::fs::read(format!("{folder}/plan.json"))?)?));
    let kubeconfig = Kubeconfig::read_from(format!("{folder}/kubeconfig"))?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.disable_compression = !plan.0["compressed"].as_bool().unwrap_or(false);
    let client = Client::try_from(config)?;
    let (all, own): (Api<Pod>, Api<Pod>) =
        (Api::all(client.clone()), Api::namespaced(client.clone(), plan.text("namespace")));
    let (count, page) = (plan.number("pods"), plan.number("page"));
    let whole = ListParams::default();
    if table == "controllers" {
        return report(controllers::run(case, client, &plan).await?);
    }
    let measured = match case {
        "list" => lists(&all, whole, 1, count).await?,
        "label" => lists(&all, whole.labels(plan.text("label")), 3, plan.number("labelled")).await?,
        "page" => lists(&all, whole.limit(page as u32), 5, page.min(count)).await?,
        "get" => gets(&own, &plan).await?,
        "fan_out" => fan_out(&own, &plan).await?,
        "create" => create(client, plan.clone()).await?,
        "update" => update(&own, &plan).await?,
        "patch" => patch(&own, &plan).await?,
        "watch" => watch(&all, &plan).await?,
        "sync" => sync(&all, watcher::Config::default(), count).await?,
        "stream" => sync(&all, watcher::Config::default().streaming_lists(), count).await?,
        _ => return Err(format!("no case {case}").into()),
    };
    report(measured)
}

fn report(measured: Measured) -> Result<(), Failure> {
    let cpu = measured.cpu / measured.seconds.len() as f64;
    let mut figures = json!({"seconds": measured.seconds, "cpu_seconds": cpu, "peak_kib": memory("VmHWM:")?});
    figures.as_object_mut().expect("an object").extend(measured.extra);
    println!("{figures}");
    Ok(())
}

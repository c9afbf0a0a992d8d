//! The campaign: workers in slices, what they leave taken in, the state kept after each.
//!
//! Threads run slices; this one decides who runs next and is the only one that writes the state.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::libfuzzer::{Progress, Slice};
use crate::sharing::{Account, next, settle};
use crate::state::{Mark, Point, State};
use crate::store::{Finding, Store};
use crate::tool::{Target, Tool};
use crate::worker::{Told, Workers};

/// How a campaign is set up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its directory.
    pub dir: PathBuf,
    /// The programs.
    pub tool: Tool,
    /// Names of targets; none stands for all that look for bugs.
    pub targets: Vec<String>,
    /// How long.
    pub time: Duration,
    /// Workers at a time.
    pub workers: usize,
    /// Length of a slice.
    pub slice: Duration,
    /// Workers run only while the disk has so much room, in bytes.
    pub room: u64,
    /// Scripts to make seeds of.
    pub seeds: Vec<PathBuf>,
}

/// What a thread tells.
enum News {
    Progress { target: usize, progress: Progress },
    Ended { target: usize, seconds: f64, told: Result<Told> },
}

/// A campaign that runs.
pub struct Campaign {
    plan: Plan,
    store: Store,
    state: State,
    targets: Vec<Target>,
    accounts: Vec<Account>,
    workers: Workers,
    began: Instant,
    /// Seconds of the campaign before this start.
    before: f64,
    /// Features that the running slices of each target found.
    fresh: Vec<u64>,
    /// Inputs for which there was no room: target, input.
    homeless: Vec<(usize, Vec<u8>)>,
    slices: u32,
    _lock: File,
}

/// How often the state is shown.
const GLANCE: Duration = Duration::from_secs(2);

impl Campaign {
    /// Opens the directory and goes on from where it was; takes in what is left there.
    ///
    /// # Errors
    /// The directory is another campaign's at this moment, or cannot be written; no such target.
    pub fn open(plan: Plan, workers: Workers) -> Result<Self> {
        let store = Store::open(&plan.dir)?;
        let lock = File::create(plan.dir.join("lock")).context("cannot make the lock")?;
        if lock.try_lock().is_err() {
            bail!("{}: a campaign runs here already", plan.dir.display());
        }
        let mut state: State = store.read("state.json").unwrap_or_default();
        state.starts += 1;
        let targets = chosen(&plan, &mut state)?;
        let known = |target: &Target| state.targets.get(&target.name).map(|known| known.account);
        let accounts = targets.iter().map(|target| known(target).unwrap_or_default()).collect();
        let (before, fresh) = (state.seconds, vec![0; targets.len()]);
        let began = Instant::now();
        let mut campaign = Self {
            plan,
            store,
            state,
            targets,
            accounts,
            workers,
            began,
            before,
            fresh,
            homeless: Vec::new(),
            slices: 0,
            _lock: lock,
        };
        campaign.prepare()?;
        for index in 0..campaign.targets.len() {
            campaign.take_in(index);
        }
        Ok(campaign)
    }

    /// Seeds for those that have no corpus, and dictionaries.
    fn prepare(&mut self) -> Result<()> {
        if self.state.starts == 1 {
            self.plan.tool.seed(&self.store.root().join("corpus"), &self.plan.seeds)?;
        }
        for target in &self.targets {
            self.store.dir("corpus", &target.name)?;
            let dictionary = self.plan.tool.dictionary(&target.name)?;
            if !dictionary.is_empty() {
                self.store.write_bytes(&format!("dictionaries/{}", target.name), &dictionary)?;
            }
        }
        Ok(())
    }

    /// Whole seconds of the campaign, so long after this start.
    fn before_and(&self, elapsed: Duration) -> u64 {
        Duration::try_from_secs_f64(self.before)
            .unwrap_or_default()
            .saturating_add(elapsed)
            .as_secs()
    }

    fn now(&self) -> f64 {
        self.before + self.began.elapsed().as_secs_f64()
    }

    /// Runs to the end of its time; `show` sees the state now and then.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn run(mut self, mut show: impl FnMut(&State, &Store, &Plan)) -> Result<State> {
        let (to, news) = channel();
        let mut running = 0;
        while !self.is_over() || running > 0 {
            while running < self.plan.workers && !self.is_over() && self.has_room() {
                self.start(&to)?;
                running += 1;
            }
            running -= self.hear(&news);
            self.state.seconds = self.now();
            show(&self.state, &self.store, &self.plan);
        }
        self.rehouse();
        self.save();
        show(&self.state, &self.store, &self.plan);
        Ok(self.state)
    }

    fn is_over(&self) -> bool {
        self.workers.is_stopped() || self.began.elapsed() >= self.plan.time
    }

    /// Room on the disk; without it nobody runs, as a finding might have no place.
    fn has_room(&mut self) -> bool {
        let room = room(self.store.root());
        if room < self.plan.room {
            self.state.trouble = Some(format!("the disk is full: {} MB left; waiting", room >> 20));
            return false;
        }
        self.rehouse();
        if self.homeless.is_empty() {
            self.state.trouble = None;
        }
        true
    }

    fn start(&mut self, to: &Sender<News>) -> Result<()> {
        let length = self.plan.slice.as_secs_f64();
        let index = next(&self.accounts, length).context("no targets")?;
        if let Some(account) = self.accounts.get_mut(index) {
            account.running += 1;
        }
        self.slices += 1;
        let seed = self.state.starts.wrapping_mul(1_000_003).wrapping_add(self.slices);
        let errand = Errand::new(self, index, seed)?;
        let (workers, to) = (self.workers.clone(), to.clone());
        std::thread::Builder::new()
            .name(format!("slice {}", self.slices))
            .spawn(move || errand.run(&workers, &to))
            .context("no thread for a worker")?;
        Ok(())
    }

    /// Waits for news, for a while; how many slices ended.
    fn hear(&mut self, news: &Receiver<News>) -> usize {
        let mut ended = 0;
        let until = Instant::now() + GLANCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match news.recv_timeout(left) {
                Ok(News::Progress { target, progress }) => self.progress(target, progress),
                Ok(News::Ended { target, seconds, told }) => {
                    self.ended(target, seconds, told);
                    ended += 1;
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return ended,
            }
            if ended > 0 {
                return ended;
            }
        }
    }

    fn progress(&mut self, index: usize, progress: Progress) {
        let now = self.now();
        let Some(target) = self.targets.get(index) else { return };
        let entry = self.state.targets.entry(target.name.clone()).or_default();
        let new = entry.advance(progress, now);
        if let Some(fresh) = self.fresh.get_mut(index) {
            *fresh += new;
        }
    }

    /// A slice ended: its time, its executions, what it found and what it left.
    fn ended(&mut self, index: usize, seconds: f64, told: Result<Told>) {
        let Some(name) = self.targets.get(index).map(|target| target.name.clone()) else { return };
        if let Some(account) = self.accounts.get_mut(index) {
            account.running = account.running.saturating_sub(1);
        }
        match told {
            Ok(told) => self.account_for(index, &name, seconds, told),
            Err(error) => {
                self.state.trouble = Some(format!("{error:#}"));
                settle(&mut self.accounts, index, seconds.max(1.0), 0);
            }
        }
        self.take_marks(&name);
        self.rehouse();
        self.take_in(index);
        self.state.seconds = self.now();
        self.save();
    }

    fn account_for(&mut self, index: usize, name: &str, seconds: f64, told: Told) {
        if told.progress.features > 0 {
            self.progress(index, told.progress);
        }
        let new = self.fresh.get_mut(index).map_or(0, std::mem::take);
        settle(&mut self.accounts, index, seconds, new);
        let at = self.now();
        let entry = self.state.targets.entry(name.to_owned()).or_default();
        entry.executions += told.progress.executions;
        entry.crashes += u64::from(!told.ended_well && !self.workers.is_stopped());
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = told.progress.executions as f64 / seconds.max(0.1);
        entry.remember(Point { at, features: entry.features, rate });
        if let Some(account) = self.accounts.get(index) {
            entry.account = *account;
        }
        self.homeless.extend(told.found.map(|input| (index, input)));
    }

    /// What workers of a target told of what they reached.
    fn take_marks(&mut self, name: &str) {
        let Ok(dir) = self.store.dir("reached", name) else { return };
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            if let Ok(marks) = serde_json::from_slice::<Vec<Mark>>(&bytes) {
                self.state.targets.entry(name.to_owned()).or_default().add_marks(marks);
            }
            let _gone = std::fs::remove_file(path);
        }
    }

    /// Inputs that were only told become files, if there is room.
    fn rehouse(&mut self) {
        for (index, input) in std::mem::take(&mut self.homeless) {
            let Some(target) = self.targets.get(index) else { continue };
            let name = format!("artifacts/{}/told-{}", target.name, crate::store::name_of(&input));
            if let Err(error) = self.store.write_bytes(&name, &input) {
                self.state.trouble = Some(format!("{error:#}"));
                self.homeless.push((index, input));
            }
        }
    }

    /// What workers of a target left: judged, made smaller, kept. What cannot be kept now stays
    /// where it is, for the next time.
    fn take_in(&mut self, index: usize) {
        let Some(target) = self.targets.get(index).cloned() else { return };
        for path in self.store.left(&target.name).unwrap_or_default() {
            if let Err(error) = self.take_in_one(&target, &path) {
                self.state.trouble = Some(format!("{error:#}"));
            }
        }
    }

    fn take_in_one(&self, target: &Target, path: &Path) -> Result<()> {
        let input =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let verdict = self.plan.tool.check(&target.name, path)?;
        if verdict.verdict == "broken" {
            let finding = Finding {
                target: target.name.clone(),
                property: verdict.property.unwrap_or_default(),
                class: verdict.class.unwrap_or_default(),
                detail: verdict.detail.unwrap_or_default(),
                planted: target.planted,
                at: self.before_and(self.began.elapsed()),
            };
            if !self.store.has(&finding) {
                self.keep(target, path, &input, &finding)?;
            }
            self.store.withdraw(&target.name, &input)?;
        }
        std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
    }

    fn keep(&self, target: &Target, path: &Path, input: &[u8], finding: &Finding) -> Result<()> {
        let small = self.plan.tool.shrink(&target.name, path)?.unwrap_or_else(|| input.to_vec());
        let mut parts: Vec<(&str, &[u8])> = vec![("input", input), ("small", &small)];
        self.store.keep(finding, &parts)?;
        // The script is made of the kept input; it can be made again, so it comes afterwards.
        let dir = self.store.root().join("findings").join(finding.id());
        if let Some(script) = self.plan.tool.script(&target.name, &dir.join("small"))? {
            parts.clear();
            self.store.write_bytes(&format!("findings/{}/script.pkt", finding.id()), &script)?;
        }
        Ok(())
    }

    fn save(&mut self) {
        if let Err(error) = self.store.write("state.json", &self.state) {
            self.state.trouble = Some(format!("{error:#}"));
        }
    }
}

/// One slice, as a thread runs it.
struct Errand {
    target: usize,
    max_len: usize,
    program: PathBuf,
    corpus: PathBuf,
    artifacts: PathBuf,
    dictionary: Option<PathBuf>,
    reached: PathBuf,
    time: Duration,
    seed: u32,
}

impl Errand {
    fn new(campaign: &Campaign, target: usize, seed: u32) -> Result<Self> {
        let of = campaign.targets.get(target).context("no such target")?;
        let store = &campaign.store;
        let dictionary = store.root().join("dictionaries").join(&of.name);
        let left = campaign.plan.time.saturating_sub(campaign.began.elapsed());
        Ok(Self {
            target,
            max_len: of.max_len,
            program: campaign.plan.tool.program(&of.name),
            corpus: store.dir("corpus", &of.name)?,
            artifacts: store.dir("artifacts", &of.name)?,
            dictionary: dictionary.is_file().then_some(dictionary),
            reached: store.dir("reached", &of.name)?.join(seed.to_string()),
            time: campaign.plan.slice.min(left).max(Duration::from_secs(1)),
            seed,
        })
    }

    fn run(self, workers: &Workers, to: &Sender<News>) {
        let slice = Slice {
            program: &self.program,
            corpus: &self.corpus,
            artifacts: &self.artifacts,
            dictionary: self.dictionary.as_deref(),
            reached: &self.reached,
            time: self.time,
            seed: self.seed,
            max_len: self.max_len,
        };
        let (began, target) = (Instant::now(), self.target);
        let told = workers.run(&slice, |progress| {
            let _nobody = to.send(News::Progress { target, progress });
        });
        let seconds = began.elapsed().as_secs_f64();
        let _nobody = to.send(News::Ended { target, seconds, told });
    }
}

/// The targets that were asked for, as far as this machine can run them.
fn chosen(plan: &Plan, state: &mut State) -> Result<Vec<Target>> {
    let mut targets = plan.tool.targets()?;
    if plan.targets.is_empty() {
        targets.retain(|target| !target.compares);
    }
    let unknown = |name: &&String| !targets.iter().any(|target| target.name == **name);
    if let Some(name) = plan.targets.iter().find(unknown) {
        bail!("no target `{name}`");
    }
    if !plan.targets.is_empty() {
        targets.retain(|target| plan.targets.contains(&target.name));
    }
    let why = |target: &Target| Some((target.name.clone(), target.unavailable.clone()?));
    state.unavailable = targets.iter().filter_map(why).collect();
    targets.retain(|target| target.unavailable.is_none());
    if let (true, Some((name, why))) = (targets.is_empty(), state.unavailable.first_key_value()) {
        bail!("{name} cannot run here: {why}");
    }
    // Only those that run now have to find what is planted.
    state.targets.values_mut().for_each(|target| target.planted = false);
    for target in &targets {
        state.targets.entry(target.name.clone()).or_default().planted = target.planted;
    }
    Ok(targets)
}

/// Bytes that are free for us where a directory is; all there could be if nobody can tell.
fn room(dir: &Path) -> u64 {
    nix::sys::statvfs::statvfs(dir)
        .map_or(u64::MAX, |stat| stat.blocks_available().saturating_mul(stat.fragment_size()))
}

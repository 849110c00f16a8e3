package verify

// SandboxMend is how a stack in the sandbox is mended.
var SandboxMend = sandboxMend

package kubernetes

// KeepEncryptionKey is a hook, which the engine alone calls.
var KeepEncryptionKey = keepEncryptionKey

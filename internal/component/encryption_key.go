package component

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EncryptionKeyGuardType is the type token of the part that remembers which encryption key a gateway has.
const EncryptionKeyGuardType = "bifrost:index:EncryptionKeyGuard"

// EncryptionKeyGuard remembers a fingerprint of the key: another one is an update, which the hook stops. The object that holds the key
// would not do: a SecretVersion of AWS is replaced by another value, and no hook of a replacement sees the former one; a key that goes
// leaves no object at all.
type EncryptionKeyGuard struct{ pulumi.ResourceState }

const (
	guardedProperty = "fingerprint"
	NoEncryptionKey = "none"
)

// ErrEncryptionKey says what a gateway does with another key, as it was seen on one.
var ErrEncryptionKey = errors.New("the encryption key differs from that of the running gateway, or comes from elsewhere: with another " +
	"key, or none, the gateway can read nothing that it has stored, starts without its virtual keys, answers /health with 200 and " +
	"serves inference to anybody without a key; restore the former key where it was, or set changeEncryptionKey " +
	"(gateway.changeEncryptionKey: true) for one up where the loss is meant")

// NewEncryptionKeyGuard stops an `up`, and its preview, with which the gateway would get another key than before, none, or one from
// elsewhere. source is where the key comes from if it is not given here: it is not known here, so that another place is a change.
func NewEncryptionKeyGuard(ctx *pulumi.Context, name string, parent pulumi.Resource, key pulumi.StringInput, source string, change bool,
) (*EncryptionKeyGuard, error) {
	opts := []pulumi.ResourceOption{pulumi.Parent(parent)}
	if !change {
		kept, err := BeforeUpdate(ctx, name+"-encryption-key-kept", KeepFingerprint)
		if err != nil {
			return nil, err
		}
		opts = append(opts, kept)
	}
	fingerprint := pulumi.String(source).ToStringOutput()
	if key != nil {
		fingerprint = pulumi.ToSecret(key.ToStringOutput().ApplyT(keyFingerprint)).(pulumi.StringOutput)
	}
	guard := &EncryptionKeyGuard{}
	inputs := pulumi.Map{guardedProperty: fingerprint}
	if err := Remember(ctx, EncryptionKeyGuardType, name+"-encryption-key-fingerprint", inputs, guard, opts...); err != nil {
		return nil, fmt.Errorf("%s: encryption key: %w", name, err)
	}
	return guard, nil
}

// keyFingerprint stands for the key in the state. It is a Pulumi secret: the state has it encrypted, as it has the key itself, so that
// whoever cannot decrypt the state sees neither. Should it ever stand in clear, a passphrase must not fall to a dictionary: a guess
// costs as many rounds as at a login, and the salt makes tables of plain hashes useless. The salt is the same for all stacks: a
// fingerprint that changes with a stack's name would take a renamed stack for another key.
func keyFingerprint(key string) (string, error) {
	const rounds = 100_000
	digest, err := pbkdf2.Key(sha256.New, key, []byte("bifrost encryption key fingerprint"), rounds, sha256.Size)
	return hex.EncodeToString(digest), err
}

// KeepFingerprint refuses another fingerprint than before. One that is not known yet is let through by a preview, and compared by the
// `up`. A first key may come: the gateway encrypts then what it has in clear.
func KeepFingerprint(args *pulumi.ResourceHookArgs) error {
	before, was := KnownText(args.OldInputs[guardedProperty])
	after, is := KnownText(args.NewInputs[guardedProperty])
	if !was || !is || before == after || before == NoEncryptionKey {
		return nil
	}
	return ErrEncryptionKey
}

// KnownText is a text, secret or not; false where it is not known.
func KnownText(v resource.PropertyValue) (string, bool) {
	text, ok := Revealed(v)
	if !ok || !text.IsString() {
		return "", false
	}
	return text.StringValue(), true
}

// Revealed is the value in a secret or an output; false where it is not known.
func Revealed(v resource.PropertyValue) (resource.PropertyValue, bool) {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		case v.IsOutput(), v.IsComputed():
			return v, false
		default:
			return v, true
		}
	}
}

// After hands a value on once the guard has let the key pass, so that an `up` without a preview stores no other key first.
func (g *EncryptionKeyGuard) After(value pulumi.StringInput) pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.All(g.URN(), value).ApplyT(func(v []any) string { return v[1].(string) })).(pulumi.StringOutput)
}

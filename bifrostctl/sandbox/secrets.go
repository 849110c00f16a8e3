package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// keeper encrypts configuration the way Pulumi's passphrase provider does, with a key of the sandbox's own.
type keeper struct {
	passphrase string
	// salt is the value of encryptionsalt in a stack file.
	salt    string
	crypter config.Crypter
}

// openKeeper reads the key in file, or makes one: a stack's state can only be read with the key that wrote it.
func openKeeper(file string) (*keeper, error) {
	var saved struct {
		Passphrase string `json:"passphrase"`
		Salt       []byte `json:"salt"`
	}
	text, err := os.ReadFile(file)
	switch {
	case err == nil:
		err = json.Unmarshal(text, &saved)
	case errors.Is(err, fs.ErrNotExist):
		saved.Passphrase, saved.Salt = rand.Text(), make([]byte, 8)
		rand.Read(saved.Salt)
		if text, err = json.Marshal(saved); err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key of the sandbox's secrets: %w", err)
	}
	crypter := config.NewSymmetricCrypterFromPassphrase(saved.Passphrase, saved.Salt)
	// The form that the CLI keeps in stack files: the salt, and a known text by which it knows the right passphrase.
	check, err := crypter.EncryptValue(context.Background(), "pulumi")
	if err != nil {
		return nil, fmt.Errorf("key of the sandbox's secrets: %w", err)
	}
	salt := "v1:" + base64.StdEncoding.EncodeToString(saved.Salt) + ":" + check
	return &keeper{passphrase: saved.Passphrase, salt: salt, crypter: crypter}, nil
}

// isEncrypted tells whether a configuration value has the form {secure: ciphertext}.
func isEncrypted(node any) bool {
	object, ok := node.(map[string]any)
	_, secure := object["secure"].(string)
	return ok && secure && len(object) == 1
}

// walk returns a copy of node in which replace took the place of every leaf. An encrypted value is a leaf.
func walk(node any, path resource.PropertyPath, replace func(path resource.PropertyPath, leaf any) any) any {
	below := func(key any) resource.PropertyPath { return append(path[:len(path):len(path)], key) }
	switch node := node.(type) {
	case map[string]any:
		if isEncrypted(node) {
			return replace(path, node)
		}
		object := map[string]any{}
		for key, value := range node {
			object[key] = walk(value, below(key), replace)
		}
		return object
	case []any:
		list := make([]any, len(node))
		for i, value := range node {
			list[i] = walk(value, below(i), replace)
		}
		return list
	}
	return replace(path, node)
}

// supplySecrets replaces what the user's key encrypted, which the sandbox cannot open, and adds the secrets that missing
// names, all by fakes. It returns the paths of the fakes.
func (p *project) supplySecrets(missing func(values map[string]any) []string, fake func(path string) string) ([]string, error) {
	var fakes []string
	p.values = walk(p.values, nil, func(path resource.PropertyPath, leaf any) any {
		if !isEncrypted(leaf) {
			return leaf
		}
		if path.String() == secretsKey {
			return map[string]any{} // encrypted as a whole; what it must hold is added below
		}
		fakes = append(fakes, path.String())
		return fake(path.String())
	}).(map[string]any)
	for _, name := range missing(p.values) {
		name = secretsKey + "." + name
		path, err := resource.ParsePropertyPath(name)
		if err != nil {
			return nil, fmt.Errorf("supply %s: %w", name, err)
		}
		if _, err := put(p.values, path, func(any) any { return fake(name) }); err != nil {
			return nil, fmt.Errorf("supply %s: %w", name, err)
		}
		fakes = append(fakes, name)
	}
	slices.Sort(fakes)
	return fakes, nil
}

// encryptSecrets encrypts every text under secrets, and the fakes wherever they are. It returns the texts in clear.
func (p *project) encryptSecrets(lock *keeper, fakes []string) ([]string, error) {
	var plaintexts []string
	var failure error
	p.values = walk(p.values, nil, func(path resource.PropertyPath, leaf any) any {
		text, ok := leaf.(string)
		if !ok || path[0] != secretsKey && !slices.Contains(fakes, path.String()) {
			return leaf
		}
		plaintexts = append(plaintexts, text)
		ciphertext, err := lock.crypter.EncryptValue(context.Background(), text)
		failure = errors.Join(failure, err)
		return map[string]any{"secure": ciphertext}
	}).(map[string]any)
	return plaintexts, failure
}

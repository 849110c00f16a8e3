package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/ownfile"
	"bifrost/stacks"
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
	text, err := ownfile.Read(file)
	switch {
	case err == nil:
		err = json.Unmarshal(text, &saved)
	case errors.Is(err, fs.ErrNotExist):
		saved.Passphrase, saved.Salt = rand.Text(), make([]byte, 8)
		rand.Read(saved.Salt)
		if text, err = json.Marshal(saved); err == nil {
			err = ownfile.Write(file, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the sandbox's secrets in %s: %w; to start afresh, delete the folder %s", file, err,
			filepath.Dir(file))
	}
	crypter := config.NewSymmetricCrypterFromPassphrase(saved.Passphrase, saved.Salt)
	// The form that the CLI keeps in stack files: the salt, and a known text by which it knows the right passphrase.
	check, err := crypter.EncryptValue(context.Background(), "pulumi")
	if err != nil {
		return nil, fmt.Errorf("the key of the sandbox's secrets in %s: %w", file, err)
	}
	salt := "v1:" + base64.StdEncoding.EncodeToString(saved.Salt) + ":" + check
	return &keeper{passphrase: saved.Passphrase, salt: salt, crypter: crypter}, nil
}

// supplySecrets replaces what the user's key encrypted, which the sandbox cannot open, and adds the secrets that missing
// names, all by fakes. It returns the paths of the fakes.
func (p *project) supplySecrets(missing func(dir string, values map[string]any) []string, fake func(path string) string) ([]string, error) {
	var fakes []string
	supply := func(path resource.PropertyPath, leaf any) any {
		switch {
		case !overlay.IsEncrypted(leaf) && path[0] == secretsKey && leaf != nil:
			return fmt.Sprint(leaf) // all secrets are texts, and so encrypted below
		case !overlay.IsEncrypted(leaf):
			return leaf
		case path.String() == secretsKey:
			return map[string]any{} // encrypted as a whole; what it must hold is added below
		}
		fakes = append(fakes, path.String())
		return fake(strings.TrimSuffix(strings.TrimPrefix(path.String(), `["`), `"]`))
	}
	p.values = overlay.Walk(p.values, nil, supply).(map[string]any)
	p.others = overlay.Walk(p.others, nil, supply).(map[string]any)
	for _, name := range append(missing(p.dir, p.values), missingKubeconfig(p.values)...) {
		name = secretsKey + "." + name
		path, err := resource.ParsePropertyPath(name)
		if err != nil {
			return nil, fmt.Errorf("supply %s: %w", name, err)
		}
		if _, err := overlay.Put(p.values, path, func(any) any { return fake(name) }); err != nil {
			return nil, fmt.Errorf("supply %s: %w", name, err)
		}
		fakes = append(fakes, name)
	}
	if at, ok := p.values["kubernetes"].(map[string]any); ok && slices.Contains(fakes, secretsKey+".kubeconfig") {
		delete(at, "kubeconfigFile") // a file of this machine leads to a cluster that is none of the sandbox's
	}
	slices.Sort(fakes)
	return fakes, nil
}

// lackingPlain are the variables that config.json asks for and the stack file lacks, and that are no secrets.
func lackingPlain(p *project) []string {
	if overlay.IsEncrypted(p.values[secretsKey]) {
		return nil // what is in there nobody knows
	}
	secrets, _ := p.values[secretsKey].(map[string]any)
	given, _ := secrets["env"].(map[string]any)
	config := stacks.Lenient(p.stack, p.dir, p.values)
	var plain []string
	for _, path := range config.MissingSecrets() {
		variable, of := strings.CutPrefix(path, "env.")
		if _, encrypted := given[variable]; of && !encrypted && config.TakesPlain(variable) {
			plain = append(plain, variable)
		}
	}
	return plain
}

// inClear are the secrets that stand in a stack file as they are, which in life everybody reads who reads the repository.
func inClear(inFile map[string]any) []string {
	var paths []string
	overlay.Walk(inFile, nil, func(path resource.PropertyPath, leaf any) any {
		if path[0] == secretsKey && !overlay.IsEncrypted(leaf) && leaf != nil && leaf != "" {
			paths = append(paths, path.String())
		}
		return leaf
	})
	slices.Sort(paths)
	return paths
}

// encryptSecrets encrypts every text under secrets, and the fakes wherever they are. It returns the texts in clear.
func (p *project) encryptSecrets(k *keeper, fakes []string) ([]string, error) {
	var plaintexts []string
	var failure error
	encrypt := func(path resource.PropertyPath, leaf any) any {
		text, ok := leaf.(string)
		if !ok || path[0] != secretsKey && !slices.Contains(fakes, path.String()) {
			return leaf
		}
		plaintexts = append(plaintexts, text)
		ciphertext, err := k.crypter.EncryptValue(context.Background(), text)
		failure = errors.Join(failure, err)
		return map[string]any{"secure": ciphertext}
	}
	p.values = overlay.Walk(p.values, nil, encrypt).(map[string]any)
	p.others = overlay.Walk(p.others, nil, encrypt).(map[string]any)
	return plaintexts, failure
}

// missingKubeconfig names the kubeconfig where the stack file chooses a context of one that it lacks.
func missingKubeconfig(values map[string]any) []string {
	config := lenient(values)
	if on, _ := config.Cluster(); on.Context == "" || config.Secrets.Kubeconfig != "" {
		return nil
	}
	return []string{"kubeconfig"}
}

package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"bifrost/bifrostctl/internal/ownfile"
)

// format is raised whenever a saved world of an older format cannot be read any more.
const format = 1

// World is the state of the sandbox's clouds. It round-trips through JSON. The exported fields may be read and written
// only by who holds the lock (Lock, Unlock) or knows that no provider double is serving the world.
type World struct {
	// Format is the version of the saved form.
	Format int `json:"format"`
	// AWS holds the accounts by id (twelve digits), Azure the subscriptions by id (GUID).
	AWS   map[string]*AWSAccount        `json:"aws,omitempty"`
	Azure map[string]*AzureSubscription `json:"azure,omitempty"`
	// GCP holds the projects of Google Cloud by id.
	GCP map[string]*GCPProject `json:"gcp,omitempty"`
	// Kubernetes holds the clusters that no cloud's look-up knows.
	Kubernetes []*KubernetesCluster `json:"kubernetes,omitempty"`
	// SignedIn says as whom the providers act.
	SignedIn SignedIn `json:"signedIn"`
	// Clusters holds every Kubernetes API server by the URL under which clients reach it.
	Clusters map[string]*Cluster `json:"clusters,omitempty"`
	// Resources holds what exists, by Key.
	Resources map[string]*Resource `json:"resources,omitempty"`
	// Serial counts what was ever made: what is made again under an old name gets ids that never were before.
	Serial int `json:"serial"`
	// Revisions counts the registered ECS task definitions by ARN without revision; a revision is never given twice.
	Revisions map[string]int `json:"revisions,omitempty"`
	// Tasks holds what runs of the ECS services, by the services' ARNs.
	Tasks map[string]*ServiceTasks `json:"tasks,omitempty"`
	// EncryptedUnder holds, by the id of a secret's version in AWS Secrets Manager, the KMS key that the secret had when it was put.
	EncryptedUnder map[string]string `json:"encryptedUnder,omitempty"`

	// Keys holds the private keys of token issuers, PEM, by issuer.
	Keys map[string]string `json:"keys,omitempty"`
	// Grants holds the unique ids to which the principals of ECR repository policies were resolved, by GrantKey.
	Grants map[string]string `json:"grants,omitempty"`
	// Awaited holds, by the lower-case resource id of a managed identity, what Google's side will trust once it exists.
	Awaited map[string]EntraTrust `json:"awaited,omitempty"`
	// Unready counts, by the id of a federated credential or of a pool's provider, how many more exchanges find it not usable yet:
	// what is fresh takes a while to reach all of a cloud's servers.
	Unready map[string]int `json:"unready,omitempty"`
	// Later is how far the clouds' clocks are ahead of this machine's.
	Later time.Duration `json:"later,omitempty"`

	// Given are what others have that was put here since the world was opened, in this order; they are not saved.
	Given []Given `json:"-"`
	// Warnings are what a person should know though nothing failed; they are not saved.
	Warnings []string `json:"-"`

	mu   sync.Mutex
	file string
	// stale is not saved: whoever comes back later sees what there is.
	stale stale
}

// Given is something that the sandbox takes for granted.
type Given struct {
	// Kind and ID are as people know them: Secret and bifrost/keys, for instance.
	Kind, ID string
	// Keys are those of its data, where it has data.
	Keys []string
}

// SignedIn names the identity that the sandbox's user has with the clouds.
type SignedIn struct {
	// AWSAccount is the account of the caller where the provider assumes no role.
	AWSAccount string `json:"awsAccount,omitempty"`
	// AzureSubscription is the subscription of `az account show`.
	AzureSubscription string `json:"azureSubscription,omitempty"`
	// GCPProject is the project of `gcloud config get project`.
	GCPProject string `json:"gcpProject,omitempty"`
}

// New returns a world in which nothing exists.
func New() *World {
	return &World{
		Format:         format,
		AWS:            map[string]*AWSAccount{},
		Azure:          map[string]*AzureSubscription{},
		Clusters:       map[string]*Cluster{},
		Resources:      map[string]*Resource{},
		Revisions:      map[string]int{},
		Tasks:          map[string]*ServiceTasks{},
		EncryptedUnder: map[string]string{},
		GCP:            map[string]*GCPProject{},
		Keys:           map[string]string{},
		Grants:         map[string]string{},
		Awaited:        map[string]EntraTrust{},
		Unready:        map[string]int{},
	}
}

// Ready tells whether what has this id is usable, and counts the exchange.
func (w *World) Ready(id string) bool {
	if w.Unready[id] == 0 {
		return true
	}
	w.Unready[id]--
	return false
}

// Warn adds a warning, once.
func (w *World) Warn(text string) {
	if !slices.Contains(w.Warnings, text) {
		w.Warnings = append(w.Warnings, text)
	}
}

// GrantKey is the key of World.Grants.
func GrantKey(repositoryARN, principalARN string) string { return repositoryARN + "|" + principalARN }

// Now is the time by the clouds' clocks.
func (w *World) Now() time.Time { return time.Now().Add(w.Later) }

// Load reads a saved world. A file that does not exist is an empty world. A file that cannot be read as a world is an
// error that names it; it is never overwritten by Load.
func Load(file string) (*World, error) {
	text, err := ownfile.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return New(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's state: %w", err)
	}
	w := New()
	if err := json.Unmarshal(text, w); err != nil {
		return nil, fmt.Errorf("the sandbox's state %s is damaged (%w): delete the folder %s to start afresh", file, err,
			filepath.Dir(file))
	}
	if w.Format != format {
		return nil, fmt.Errorf("the sandbox's state %s has format %d, this program writes format %d: delete the folder %s to start afresh",
			file,
			w.Format, format, filepath.Dir(file))
	}
	return w, nil
}

// Save writes the world to file, whole or not at all. Only the owner may read the file, because it holds the values of
// secrets. The folder must exist.
func (w *World) Save(file string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.save(file)
}

// AutoSave makes every later Commit save the world to file.
func (w *World) AutoSave(file string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.file = file
}

// Lock and Unlock guard the world's fields.
func (w *World) Lock() { w.mu.Lock() }

// Unlock ends what Lock began.
func (w *World) Unlock() { w.mu.Unlock() }

// Commit ends a change of the world: it saves it when AutoSave was asked for. The caller holds the lock.
func (w *World) Commit() error {
	if w.file == "" {
		return nil
	}
	return w.save(w.file)
}

func (w *World) save(file string) error {
	text, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		return fmt.Errorf("save the sandbox's state %s: %w", file, err)
	}
	if err := ownfile.Write(file, text); err != nil {
		return fmt.Errorf("save the sandbox's state %s: %w", file, err)
	}
	return nil
}

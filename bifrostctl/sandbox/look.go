package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/services"
	"bifrost/stacks"
)

// Look is a stack as the sandbox has it, for commands that only look.
type Look struct {
	// Name is the stack's, also where it was called by its folder or file.
	Name string
	// World is the stack's clouds. Their services answer until Close; what they change is not saved.
	World *cloud.World
	// Server is the URL of the stack's API server; empty where it has none.
	Server string
	// Config is the configuration as the engine would hand it over, with fakes for the secrets that the stack file lacks.
	Config stacks.Raw
	// Outputs is the JSON text of the stack's outputs, secrets masked, and State that of its resources, as `pulumi stack export` prints it;
	// empty objects where the stack was never up.
	Outputs, State []byte
	// Called is how commands of the sandbox name the stack, with the flags of folders that are not the usual ones, quoted for a shell.
	Called string
	// Sets are the --set flags of the last up, quoted for a shell, without the values of secrets, and the --kubeconfig of this command.
	Sets string
}

// Open reads a stack's saved clouds, with the overlay of its last up, and starts their services. Close ends them.
func Open(ctx context.Context, request Request) (*Look, error) {
	look, err := open(ctx, request)
	var failed *FailedError
	if errors.As(err, &failed) {
		return nil, failed.Err // nothing was deployed that could have failed
	}
	return look, err
}

func open(ctx context.Context, request Request) (*Look, error) {
	cluster, err := request.connect(ctx)
	if err != nil {
		return nil, err
	}
	held, err := hold(request, cluster)
	if err != nil {
		return nil, err
	}
	defer held.unlock()
	if err := held.folders.settled(held.world, request, held.server); err != nil {
		return nil, err
	}
	settings, err := held.folders.applied()
	if err != nil {
		return nil, err
	}
	look := &Look{World: held.world, Outputs: []byte("{}"), State: []byte("{}"),
		Called: strings.Join(append([]string{shellWord(request.Stack)}, request.where()...), " "),
		Sets:   strings.Join(append(sets(settings), request.cluster()...), " ")}
	if err := look.prepare(held.project, settings); err != nil {
		return nil, err
	}
	if held.folders.ran() {
		if look.Outputs, look.State, err = held.folders.exported(ctx, held.project); err != nil {
			return nil, err
		}
	}
	return look, services.Start(look.World)
}

// Prepare makes what a stack's file takes for granted exist in a world, and returns the stack as it would be deployed there with
// path=value settings over its file. It starts no services.
func Prepare(world *cloud.World, dir, stack string, settings ...string) (*Look, error) {
	p, err := loadProject(dir, stack)
	if err != nil {
		return nil, err
	}
	look := &Look{World: world, Outputs: []byte("{}"), State: []byte("{}")}
	return look, look.prepare(p, settings)
}

func (l *Look) prepare(p *project, settings []string) error {
	l.Name = p.stack
	inFile := p.values
	var err error
	if p.values, err = overlay.Apply(inFile, settings); err != nil {
		return err
	}
	say, err := settingsOf(p.others)
	if err != nil {
		return err
	}
	l.Server = seed(l.World, inFile, p.values, say)
	if _, err := p.supplySecrets(Bifrost.MissingSecrets, fakeSecret(l.World, p.values, l.Server)); err != nil {
		return err
	}
	l.Config, err = p.raw()
	return err
}

// raw is the configuration as the engine hands it over.
func (p *project) raw() (stacks.Raw, error) {
	raw := stacks.Raw{Values: map[string]string{}, Secret: map[string]bool{secretsKey: true}, Dir: p.dir, File: p.text}
	for key, value := range p.values {
		text, isText := value.(string)
		if !isText {
			b, err := json.Marshal(value)
			if err != nil {
				return raw, fmt.Errorf("configuration %s: %w", key, err)
			}
			text = string(b)
		}
		raw.Values[key] = text
	}
	for key := range p.others {
		raw.Foreign = append(raw.Foreign, key)
	}
	slices.Sort(raw.Foreign)
	return raw, nil
}

// exported asks the engine for the outputs and the state of a stack that was up.
func (f folders) exported(ctx context.Context, p *project) (outputs, state []byte, err error) {
	cli, err := findCLI(p.dir)
	if err != nil {
		return nil, nil, err
	}
	keeper, err := openKeeper(f.key())
	if err != nil {
		return nil, nil, err
	}
	stack, err := (&engine{folders: f, cli: cli, name: p.stack, passphrase: keeper.passphrase}).open(ctx)
	if err != nil {
		return nil, nil, err
	}
	exported, err := stack.Export(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read the stack's outputs: %w", err)
	}
	result := &Result{Outputs: map[string]any{}}
	if err := result.read(exported); err != nil {
		return nil, nil, err
	}
	if outputs, err = json.Marshal(result.Outputs); err != nil {
		return nil, nil, err
	}
	state, err = json.Marshal(exported)
	return outputs, state, err
}

// Removed are the things that others made and somebody took away by hand, by type and id.
func (l *Look) Removed() []string {
	l.World.Lock()
	defer l.World.Unlock()
	var all []string
	for _, r := range removed(l.World) {
		all = append(all, r.Type+" "+r.ID)
	}
	return all
}

// Close stops the services.
func (l *Look) Close() error { return services.Stop(l.World) }

package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/pulumitype"
)

// Concern is what a reviewer looks at together.
type Concern string

// The concerns, in the order in which a person checks them.
const (
	Identity      Concern = "Identity and trust"
	Pull          Concern = "Pull of the image"
	Configuration Concern = "Configuration and secrets"
	Workload      Concern = "Workload"
	Exposure      Concern = "Exposure and network"
	Availability  Concern = "Availability and scaling"
	Observability Concern = "Observability"
	Others        Concern = "Everything else"
)

var concerns = []Concern{Identity, Pull, Configuration, Workload, Exposure, Availability, Observability, Others}

// ofTypes are the concerns of types, by the beginning of their tokens; a longer one counts before a shorter one.
var ofTypes = map[string]Concern{
	"aws:iam/":                              Identity,
	"aws:eks/podIdentityAssociation:":       Identity,
	"azure-native:managedidentity:":         Identity,
	"azure-native:authorization:":           Identity,
	"azuread:":                              Identity,
	"gcp:serviceaccount/":                   Identity,
	"gcp:serviceAccount/":                   Identity,
	"gcp:iam/":                              Identity,
	"gcp:projects/":                         Identity,
	"gcp:artifactregistry/repositoryIam":    Identity,
	"kubernetes:rbac.authorization.k8s.io/": Identity,
	pulumitype.KubernetesServiceAccount:     Identity,
	"aws:ecr/":                              Pull,
	"aws:secretsmanager/":                   Configuration,
	"aws:ssm/":                              Configuration,
	pulumitype.KubernetesSecret:             Configuration,
	pulumitype.KubernetesConfigMap:          Configuration,
	"bifrost:index:EncryptionKeyGuard":      Configuration,
	"aws:ecs/":                              Workload,
	"kubernetes:apps/":                      Workload,
	"kubernetes:batch/":                     Workload,
	pulumitype.KubernetesVolumeClaim:        Workload,
	pulumitype.KubernetesNamespace:          Workload,
	"aws:ec2/":                              Exposure,
	"aws:vpc/":                              Exposure,
	"aws:lb/":                               Exposure,
	"aws:route53/":                          Exposure,
	"aws:acm/":                              Exposure,
	"kubernetes:networking.k8s.io/":         Exposure,
	"kubernetes:gateway.networking.k8s.io/": Exposure,
	"kubernetes:networking.gke.io/":         Exposure,
	"kubernetes:cloud.google.com/":          Exposure,
	pulumitype.KubernetesService:            Exposure,
	"kubernetes:policy/":                    Availability,
	"kubernetes:autoscaling/":               Availability,
	"aws:appautoscaling/":                   Availability,
	"aws:servicediscovery/":                 Availability,
	"kubernetes:monitoring.coreos.com/":     Observability,
	"kubernetes:monitoring.googleapis.com/": Observability,
	"aws:cloudwatch/":                       Observability,
	"aws:sns/":                              Observability,
}

// pulling are the components whose objects, identities aside, are there to pull the image.
var pulling = []string{"bifrost:index:PullSecret", "bifrost:index:EcrNodePull"}

// Group is what changes of one concern.
type Group struct {
	Concern Concern  `json:"concern"`
	Changes []Change `json:"changes"`
}

// Change is what becomes of one resource.
type Change struct {
	Op changes.Op `json:"op"`
	// Component is the part of the stack that it belongs to, as "EcrPullRole eks-pull-role"; empty where there is none.
	Component string `json:"component"`
	Type      string `json:"type"`
	Name      string `json:"name"`
	URN       string `json:"urn"`
	// ReplacedFor are the properties for whose sake it is replaced.
	ReplacedFor []string `json:"replacedFor"`
	// Gains and Loses are what changes of who may do what, in sentences.
	Gains []string `json:"gains"`
	Loses []string `json:"loses"`
	// Values are the values that change.
	Values []Value `json:"values"`

	access Access
}

// Value is a value that changes.
type Value struct {
	Path string `json:"path"`
	// Kind is add, delete or update; Old and New are null where there is nothing.
	Kind string `json:"kind"`
	Old  any    `json:"old"`
	New  any    `json:"new"`
	// Shown is the change in one line; Replaces says that the resource is replaced for it.
	Shown    string `json:"shown"`
	Replaces bool   `json:"replaces"`

	before, after string
}

// groups are all changes but those of the stack itself and of components: what those remember is the program's own business.
func groups(set *changes.Set) []Group {
	all := []Group{}
	for _, concern := range concerns {
		group := Group{Concern: concern}
		for _, step := range set.Steps {
			if told(step) && concernOf(step) == concern {
				group.Changes = append(group.Changes, changeOf(step))
			}
		}
		slices.SortStableFunc(group.Changes, func(a, b Change) int {
			// The engine's order is another one each time.
			return cmp.Or(strings.Compare(a.Component, b.Component), strings.Compare(a.Name, b.Name))
		})
		if len(group.Changes) > 0 {
			all = append(all, group)
		}
	}
	return all
}

func told(step changes.Step) bool {
	return counted(step) || step.IsProvider() && step.Changes()
}

func concernOf(step changes.Step) Concern {
	concern, longest := Others, 0
	for beginning, of := range ofTypes {
		if strings.HasPrefix(step.Type, beginning) && len(beginning) > longest {
			concern, longest = of, len(beginning)
		}
	}
	_, types := componentOf(step)
	if concern != Identity && slices.ContainsFunc(types, func(typ string) bool { return slices.Contains(pulling, typ) }) {
		return Pull
	}
	return concern
}

// componentOf names the innermost component around a resource, and gives the types of all, from its URN: the steps of components that stay
// may be left out.
func componentOf(step changes.Step) (name string, types []string) {
	if !urn(step.URN).IsValid() {
		return "", nil
	}
	chain := strings.Split(string(urn(step.URN).QualifiedType()), resource.URNTypeDelimiter)
	types = chain[:len(chain)-1]
	if len(types) == 0 {
		return "", nil
	}
	innermost := types[len(types)-1]
	name = innermost[strings.LastIndex(innermost, ":")+1:]
	if parent := urn(step.Parent); parent.IsValid() {
		name += " " + parent.Name()
	}
	return name, types
}

func urn(text string) resource.URN { return resource.URN(text) }

func changeOf(step changes.Step) Change {
	component, _ := componentOf(step)
	c := Change{
		Op: step.Op, Component: component, Type: step.Type, Name: step.Name, URN: step.URN,
		ReplacedFor: append([]string{}, step.ReplaceReasons...), Gains: []string{}, Loses: []string{}, Values: []Value{},
		access: accessOf(step),
	}
	for _, right := range joined(c.access.Added) {
		c.Gains = append(c.Gains, right.sentence(true))
	}
	for _, right := range joined(c.access.Removed) {
		c.Loses = append(c.Loses, right.sentence(false))
	}
	for _, d := range step.Diff {
		c.Values = append(c.Values, Value{Path: d.Path, Kind: d.Kind, Old: d.Old, New: d.New, Shown: d.Shown, Replaces: d.Replaces,
			before: d.Before, after: d.After})
	}
	if step.Protection {
		was, is := step.Old.Protect, step.New.Protect
		shown := "protected against deletion"
		if was {
			shown = "no longer protected against deletion"
		}
		c.Values = append(c.Values, Value{Path: "protect", Kind: changes.Changed, Old: was, New: is, Shown: shown})
	}
	return c
}

package report

import (
	"slices"
	"strings"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/iam"
)

// Kind is what a right is about.
type Kind string

// The kinds of rights.
const (
	// Grants are what somebody may do.
	Grants Kind = "grant"
	// Trusts are who may become an identity.
	Trusts Kind = "trust"
	// Reaches are who may reach what over the network.
	Reaches Kind = "reach"
)

// Right is one thing that somebody may do. Denied turns it round: somebody may not, whatever else lets them.
type Right struct {
	Kind   Kind
	Denied bool
	// Who is empty where it is the resource that holds the document; On is empty where it is that resource itself.
	Who, Does, On, When string
}

// rightsOf are the rights in the properties of a resource; nil of a resource that gives none.
var rightsOf = map[string]func(map[string]any) []Right{
	pulumitype.AwsRole:                      awsRole,
	pulumitype.AwsPolicy:                    awsDocument("policy"),
	pulumitype.AwsRolePolicy:                awsDocument("policy"),
	pulumitype.AwsEcrRepositoryPolicy:       awsDocument("policy"),
	pulumitype.AwsRolePolicyAttachment:      awsAttachment,
	pulumitype.AwsOidcProvider:              awsIssuer,
	pulumitype.AwsPodIdentityAssociation:    awsAssociation,
	pulumitype.AwsIngressRule:               awsRule("reach members of"),
	pulumitype.AwsEgressRule:                awsRule("be reached by members of"),
	pulumitype.AwsLoadBalancer:              awsLoadBalancer,
	pulumitype.AzureFederatedCredential:     azureCredential,
	pulumitype.AzureRoleAssignment:          azureAssignment,
	pulumitype.GcpRepositoryMember:          gcpMember("repository"),
	pulumitype.GcpProjectMember:             gcpMember("project"),
	pulumitype.GcpServiceAccountMember:      gcpMember("serviceAccountId"),
	pulumitype.GcpPoolProvider:              gcpProvider,
	pulumitype.KubernetesRole:               kubernetesRole,
	pulumitype.KubernetesClusterRole:        kubernetesRole,
	pulumitype.KubernetesRoleBinding:        kubernetesBinding,
	pulumitype.KubernetesClusterRoleBinding: kubernetesBinding,
	pulumitype.KubernetesNetworkPolicy:      kubernetesPolicy,
	pulumitype.KubernetesService:            kubernetesService,
	pulumitype.KubernetesIngress:            kubernetesIngress,
	pulumitype.KubernetesHttpRoute:          kubernetesRoute,
}

// Access is what a step changes of who may do what.
type Access struct {
	Added, Removed []Right
	// Unknown says that some of it is not known before the up.
	Unknown bool
}

// accessOf compares the rights before and after a step.
func accessOf(step changes.Step) Access {
	read, gives := rightsOf[step.Type]
	if !gives || !step.Changes() {
		return Access{}
	}
	var was, is []Right
	var a Access
	if step.Old != nil {
		was = read(step.Old.Inputs)
	}
	if step.New != nil {
		is = read(step.New.Inputs)
	}
	for _, right := range is {
		a.Unknown = a.Unknown || right.unknown()
		if !slices.Contains(was, right) {
			a.Added = append(a.Added, right)
		}
	}
	for _, right := range was {
		if !slices.Contains(is, right) {
			a.Removed = append(a.Removed, right)
		}
	}
	return a
}

// widened are the rights that nothing before covered: also those that a denial took away.
func (a Access) widened() []Right {
	var all []Right
	for _, right := range a.Added {
		covered := func(before Right) bool { return before.grant().Covers(right.grant()) }
		if !right.Denied && !right.unknown() && !slices.ContainsFunc(a.Removed, covered) {
			all = append(all, right)
		}
	}
	for _, right := range a.Removed {
		if right.Denied {
			all = append(all, right)
		}
	}
	return all
}

func (r Right) unknown() bool {
	return slices.ContainsFunc([]string{r.Who, r.Does, r.On, r.When}, func(text string) bool {
		return strings.Contains(text, changes.Unknown)
	})
}

// grant is the right in the form of IAM, whose wildcards are those of no other document: elsewhere a name that has one is itself.
func (r Right) grant() iam.Grant {
	who := r.Who
	if isAnybody(who) {
		who = "*"
	}
	return iam.Grant{Effect: string(r.Kind), Principal: who, Action: r.Does, Resource: r.On, Condition: r.When}
}

// joined are rights with those of the same holder, thing and condition as one, and then those of the same holder and deed. What is put
// together has separators between its names.
func joined(rights []Right) []Right {
	does, on := func(r *Right) *string { return &r.Does }, func(r *Right) *string { return &r.On }
	all := together(together(rights, does), on)
	for i := range all {
		things := strings.Split(all[i].On, separator) // a program may list them in another order each time
		slices.Sort(things)
		all[i].On = strings.Join(things, separator)
	}
	return all
}

// separator stands between the names that joined puts together; no name has it.
const separator = "\x00"

// together are rights that differ in one part alone as one.
func together(rights []Right, part func(*Right) *string) []Right {
	var all, keys []Right
	for _, right := range rights {
		key := right
		*part(&key) = ""
		i := slices.Index(keys, key)
		if i < 0 {
			keys, all = append(keys, key), append(all, right)
			continue
		}
		*part(&all[i]) += separator + *part(&right)
	}
	return all
}

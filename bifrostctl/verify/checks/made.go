package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

// made asks for everything that the stack has made.
type made struct {
	Stack
	exists  service.Exists
	objects func(context.Context) (service.Objects, error)
}

// madeChecks has one check for each group of things of which the stack has any.
func (s Stack) madeChecks(c service.Clouds) []check.Check {
	m := made{Stack: s, exists: c.Exists, objects: c.Objects}
	var all []check.Check
	for _, group := range madeGroups {
		things := s.untold(group)
		if len(things) == 0 {
			continue
		}
		all = append(all, check.Check{Code: group.code, Description: group.of(things), Needs: s.signIn(things[0].Type),
			Run: func(ctx context.Context) check.Result { return m.look(ctx, things) }})
	}
	if lacking := unlisted(s.Things); len(lacking) > 0 {
		all = append(all, check.Check{Code: "made-others", Description: "what else the stack has made",
			Run: func(context.Context) check.Result { return check.Skip("verify cannot ask for %s", quoted(lacking)) }})
	}
	return all
}

// untold are the things of a group that no check of its own tells of, in the order of the group's types.
func (s Stack) untold(group madeGroup) []service.Thing {
	var things []service.Thing
	for _, t := range s.Things {
		if slices.Contains(group.types, t.Type) && !(told[t.Type] != nil && told[t.Type](s, t)) {
			things = append(things, t)
		}
	}
	slices.SortFunc(things, func(a, b service.Thing) int {
		return cmp.Or(cmp.Compare(slices.Index(group.types, a.Type), slices.Index(group.types, b.Type)), cmp.Compare(a.ID, b.ID))
	})
	return things
}

// signIn is the check without which nothing of a cloud can be asked.
func (s Stack) signIn(typ string) []string {
	switch provider, _, _ := strings.Cut(typ, ":"); provider {
	case "gcp":
		if s.Config.Google != nil {
			return []string{googleProject}
		}
	case "kubernetes":
		return []string{clusterAPI}
	case "aws":
		return []string{awsAccount}
	case "azure-native":
		return []string{azureTenant}
	}
	return nil
}

// findings are what was found of a group, by what it is worth.
type findings struct{ gone, changed, passing, remade, forbidden, unknown []string }

func (m made) look(ctx context.Context, things []service.Thing) check.Result {
	var found findings
	counts := map[string]int{}
	var order []string
	mend := m.up()
	for _, t := range things {
		said, err := m.ask(ctx, t)
		if said.elsewhere {
			continue
		}
		kind := kindOf(t.Type)
		if counts[kind]++; counts[kind] == 1 {
			order = append(order, kind)
		}
		var gone *service.GoneError
		switch {
		case errors.As(err, &gone):
			found.gone = append(found.gone, called(t)+" "+gone.Why)
			if gone.Mend != "" {
				mend = gone.Mend + ", then " + m.up()
			}
		case missing(err) && passing[t.Type]:
			found.passing = append(found.passing, called(t)+" is gone")
		case missing(err):
			found.gone = append(found.gone, called(t)+" is gone")
		case service.Forbidden(err):
			found.forbidden = append(found.forbidden, fmt.Sprintf("%s cannot be read: %v", called(t), err))
		case err != nil:
			found.unknown = append(found.unknown, fmt.Sprintf("%s cannot be read: %v", called(t), err))
		case said.changed != "":
			found.changed = append(found.changed, called(t)+" "+said.changed)
		case said.remade != "":
			found.remade = append(found.remade, called(t)+" "+said.remade)
		}
	}
	switch {
	case len(found.gone)+len(found.changed) > 0:
		return check.Fail(mend, "%s", firstOf(append(found.gone, found.changed...)))
	case len(found.unknown) > 0:
		return check.Unasked(m.login(things[0].Type), "%s", firstOf(found.unknown))
	case len(found.passing)+len(found.remade) > 0:
		return check.Warn(m.up(), "%s", firstOf(append(found.passing, found.remade...)))
	case len(found.forbidden) > 0:
		return check.Skip("%s", firstOf(found.forbidden))
	case len(order) == 0:
		return check.Skip("went with what other checks tell of")
	}
	var parts []string
	for _, kind := range order {
		parts = append(parts, fmt.Sprintf("%d %s", counts[kind], kind))
	}
	return check.Pass("%s", strings.Join(parts, ", "))
}

func (m made) login(typ string) string {
	switch provider, _, _ := strings.Cut(typ, ":"); provider {
	case "kubernetes":
		return m.clusterLogin()
	case "azure-native":
		return m.azureLogin()
	case "gcp":
		return "gcloud auth application-default login"
	}
	return m.awsLogin()
}

// said is what is wrong with a thing that is there.
type said struct {
	changed, remade string
	// elsewhere says that another check tells of it.
	elsewhere bool
}

func (m made) ask(ctx context.Context, t service.Thing) (said, error) {
	if isKubernetes(t.Type) {
		return m.object(ctx, t)
	}
	if t.Type == pulumitype.AwsRolePolicyAttachment || t.Type == pulumitype.AwsRolePolicy {
		role := service.Thing{Type: pulumitype.AwsRole, ID: t.Text("role")}
		if err := m.exists(ctx, role); missing(err) && m.makes(role) {
			return said{elsewhere: true}, nil // the role's own check tells
		}
	}
	err := m.exists(ctx, t)
	if policy := t.Text("policyArn"); missing(err) && t.Type == pulumitype.AwsRolePolicyAttachment && m.namesPolicy(policy) &&
		missing(m.exists(ctx, service.Thing{Type: pulumitype.AwsPolicy, ID: policy})) {
		return said{elsewhere: true}, nil // a policy takes its attachments along, and its own check tells
	}
	return said{}, err
}

// makes tells whether a thing is of the stack.
func (s Stack) makes(t service.Thing) bool {
	return slices.ContainsFunc(s.Things, func(of service.Thing) bool { return of.Type == t.Type && of.ID == t.ID })
}

// object looks at an object: it is that which the stack made, and says what the stack wrote.
func (m made) object(ctx context.Context, t service.Thing) (said, error) {
	objects, err := m.objects(ctx)
	if err != nil {
		return said{}, err
	}
	live, err := objects.Object(ctx, objectName(t))
	switch {
	case err != nil:
		return said{}, err
	case live.GetDeletionTimestamp() != nil:
		return said{changed: "is being deleted since " + when(live.GetDeletionTimestamp())}, nil
	}
	if compared[t.Type] {
		if at := unlike("spec", t.Inputs["spec"], live.Object["spec"]); at != "" {
			return said{changed: "is not what the stack wrote, at " + at}, nil
		}
	}
	metadata, _ := t.Outputs["metadata"].(map[string]any)
	if uid, _ := metadata["uid"].(string); uid != "" && string(live.GetUID()) != uid {
		created := live.GetCreationTimestamp()
		return said{remade: "was deleted and made again at " + when(&created)}, nil
	}
	return said{}, nil
}

// called names a thing as people know it.
func called(t service.Thing) string {
	switch t.Type {
	case pulumitype.AwsRolePolicyAttachment:
		return fmt.Sprintf("the attachment of %s to role %s", name(t.Text("policyArn")), t.Text("role"))
	case pulumitype.AwsSecretVersion:
		return "the value of " + t.Text("secretId")
	case pulumitype.AwsIngressRule, pulumitype.AwsEgressRule:
		return fmt.Sprintf("%s %s (%s)", kindOf(t.Type), t.ID, t.Text("description"))
	}
	if !isKubernetes(t.Type) {
		return kindOf(t.Type) + " " + t.ID
	}
	name := objectName(t)
	if name.Namespace == "" {
		return name.Kind + " " + name.Name
	}
	return fmt.Sprintf("%s %s in namespace %s", name.Kind, name.Name, name.Namespace)
}

// firstOf are the first of several findings.
func firstOf(all []string) string {
	const most = 3
	if len(all) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(all[:most], "; "), len(all)-most)
	}
	return strings.Join(all, "; ")
}

// unlike returns the path of the first value that is not in have as it is in want; "" where all are. An API server adds defaults, also
// within lists.
func unlike(at string, want, have any) string {
	switch want := want.(type) {
	case nil:
		return ""
	case map[string]any:
		there, _ := have.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if found := unlike(at+"."+key, want[key], there[key]); found != "" {
				return found
			}
		}
		return ""
	case []any:
		there, _ := have.([]any)
		if len(there) != len(want) {
			return at
		}
		for i := range want {
			if found := unlike(fmt.Sprintf("%s[%d]", at, i), want[i], there[i]); found != "" {
				return found
			}
		}
		return ""
	}
	if fmt.Sprint(want) != fmt.Sprint(have) {
		return at
	}
	return ""
}

package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

const (
	providersPath   = "/api/providers"
	keysPath        = "/api/keys"
	virtualKeysPath = "/api/governance/virtual-keys"
)

// giveLogin is how the user gives the login: never as an argument, which others on the machine see.
const giveLogin = "give BIFROST_ADMIN_PASSWORD, and BIFROST_ADMIN_USERNAME where it is another than the configured one, in the environment"

// whatAnybodyCan is what an open administration means.
const whatAnybodyCan = "whoever reaches the gateway lists providers, keys and logs, and makes a virtual key that works"

// lists tells whether the answer is a list of the administration's. What it does not know, the gateway answers with its page and 200.
func lists(answer service.Answer, key string) bool {
	var object map[string]json.RawMessage
	if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &object) != nil {
		return false
	}
	_, has := object[key]
	return has
}

// administration asks what nobody without a login may see.
func (a answers) administration(ctx context.Context) check.Result {
	answer, ended := a.ask(ctx, service.Request{Path: providersPath})
	meant := a.Config.Gateway.OpenAdministration
	mend := "pulumi config set --stack " + a.Name + " --secret --path 'bifrost:secrets.adminPassword', then " + a.up()
	switch {
	case ended != nil:
		return *ended
	case lists(answer, "providers") && meant:
		return check.Warn("remove gateway.openAdministration; "+mend, "the administration is open, as gateway.openAdministration says: %s",
			whatAnybodyCan)
	case lists(answer, "providers"):
		return check.Fail(mend, "an anonymous GET %s says 200: %s", providersPath, whatAnybodyCan)
	case answer.Status/100 == 3:
		return check.Pass("an anonymous GET %s is sent to another host, which something in front of the gateway does", providersPath)
	case !locked(answer):
		return check.Warn(a.words, "an anonymous GET %s says %d, neither a list nor 401: whether the administration is open is not "+
			"known: %s", providersPath, answer.Status, excerpt(answer.Body))
	case meant:
		return check.Pass("an anonymous GET %s says %d, though gateway.openAdministration is true", providersPath, answer.Status)
	}
	return check.Pass("an anonymous GET %s says %d", providersPath, answer.Status)
}

func (a answers) login(ctx context.Context) check.Result {
	if a.reach != nil && a.Access.Admin == nil {
		return check.Skip("%s", giveLogin)
	}
	answer, ended := a.ask(ctx, service.Request{Path: providersPath, Login: a.Access.Admin})
	switch {
	case ended != nil:
		return *ended
	case locked(answer):
		return check.Fail("pulumi config get --stack "+a.Name+" --path 'bifrost:secrets.adminPassword' shows the configured one; a new "+
			"one needs "+a.up(),
			"the gateway refuses the login of BIFROST_ADMIN_USERNAME (%s) and BIFROST_ADMIN_PASSWORD", a.Access.Admin.User)
	case !lists(answer, "providers"):
		return check.Fail(a.words, "with the login, GET %s says %d: %s", providersPath, answer.Status, excerpt(answer.Body))
	}
	return check.Pass("as %s", a.Access.Admin.User)
}

// named is what a list of the administration, or of config.json, names.
type named struct {
	ID       any    `json:"id"` // of keys of providers a number
	Name     string `json:"name"`
	Provider string `json:"provider"`
}

// stored compares what the administration lists with what config.json names. With source_of_truth "split" a start removes nothing from
// the database; with "config.json" it removes what a section of the file does not name, and nothing of a section that the file lacks.
func (a answers) stored(ctx context.Context) check.Result {
	var virtualKeys struct {
		All []named `json:"virtual_keys"`
	}
	var providers struct {
		All []named `json:"providers"`
	}
	var keys []named
	for _, list := range []struct {
		path string
		into any
	}{{providersPath, &providers}, {keysPath, &keys}, {virtualKeysPath, &virtualKeys}} {
		answer, ended := a.signedIn(ctx, list.path)
		if ended != nil {
			return *ended
		}
		if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, list.into) != nil {
			return check.Fail("look for \"governance\" in the gateway's own words: "+a.words+"; "+encryptionKeyHint,
				"GET %s says %d, and no list: a part of the gateway did not load", list.path, answer.Status)
		}
	}
	document, err := a.document(ctx)
	if err != nil {
		return unreadable("config.json", err, a.clusterLogin())
	}
	file := namesOf(document)
	var strange, foreign []string
	for _, kind := range []struct {
		what  string
		have  []string
		known map[string]bool
	}{
		{"virtual keys", unknown(virtualKeys.All, file.virtualKeys), file.virtualKeys},
		{"providers", unknown(providers.All, file.providers), file.providers},
		{"keys of providers", unknownKeys(keys, file), file.providers},
	} {
		switch {
		case len(kind.have) == 0:
		case kind.known == nil:
			foreign = append(foreign, fmt.Sprintf("%d %s", len(kind.have), kind.what))
		default:
			strange = append(strange, kind.what+" "+some(kind.have))
		}
	}
	if len(strange) > 0 {
		hint := "delete them in the dashboard, or write source_of_truth: config.json into gateway.config, with which a start removes " +
			"them; then " + a.up()
		if document["source_of_truth"] == "config.json" {
			hint = "write into gateway.config what is to stay: the next start of the gateway removes the rest, which somebody made since " +
				"the last one"
		}
		return check.Warn(hint, "the database keeps what config.json does not name, and it works: %s", strings.Join(strange, "; "))
	}
	total := fmt.Sprintf("%d virtual keys, %d providers, %d keys of providers", len(virtualKeys.All), len(providers.All), len(keys))
	if len(foreign) > 0 {
		return check.Pass("%s; config.json has no section of them, so no start removes these: %s", total, strings.Join(foreign, ", "))
	}
	return check.Pass("%s", total)
}

// fileNames are the names in config.json. A map that is nil is a section that it lacks.
type fileNames struct {
	virtualKeys, providers map[string]bool
	// keys are by provider; one with a key that has no name is not there.
	keys map[string]map[string]bool
}

func namesOf(document map[string]any) fileNames {
	var file fileNames
	governance, _ := document["governance"].(map[string]any)
	if keys, has := governance["virtual_keys"].([]any); has {
		file.virtualKeys = map[string]bool{}
		for _, each := range keys {
			key, _ := each.(map[string]any)
			file.virtualKeys[fmt.Sprint(key["id"])], file.virtualKeys[fmt.Sprint(key["name"])] = true, true
		}
	}
	providers, has := document["providers"].(map[string]any)
	if !has {
		return file
	}
	file.providers, file.keys = map[string]bool{}, map[string]map[string]bool{}
	for name, each := range providers {
		name = strings.ToLower(name)
		file.providers[name] = true
		provider, _ := each.(map[string]any)
		keys, _ := provider["keys"].([]any)
		names := map[string]bool{}
		for _, each := range keys {
			key, _ := each.(map[string]any)
			names[fmt.Sprint(key["name"])] = true
		}
		if !names[fmt.Sprint(nil)] {
			file.keys[name] = names
		}
	}
	return file
}

// unknown are the names of what is not in the file.
func unknown(all []named, file map[string]bool) []string {
	var names []string
	for _, each := range all {
		if !file[fmt.Sprint(each.ID)] && !file[each.Name] && !file[strings.ToLower(each.Name)] {
			names = append(names, each.Name)
		}
	}
	return names
}

// unknownKeys are the keys of the file's providers that are not in the file; those of other providers are told with these.
func unknownKeys(all []named, file fileNames) []string {
	var names []string
	for _, key := range all {
		known := file.keys[strings.ToLower(key.Provider)]
		if known != nil && !known[key.Name] {
			names = append(names, key.Provider+"/"+key.Name)
		}
	}
	return names
}

// some are the first names of many.
func some(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// firstProvider is a provider that config.json names; empty where it names none.
func firstProvider(document map[string]any) string {
	providers, _ := document["providers"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(providers)) {
		return name
	}
	return ""
}

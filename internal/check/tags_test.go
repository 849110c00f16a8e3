package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestTags(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 49 {
		many[fmt.Sprint(i)] = ""
	}
	long := strings.Repeat
	for name, c := range map[string]struct {
		tags       map[string]string
		aws, azure string
	}{
		"good":                  {map[string]string{"Owner": "Team A/b", "cost:center": "x@y", "empty": ""}, "", ""},
		"two cases":             {map[string]string{"Owner": "a", "owner": "b"}, "same key as Owner", "same key as Owner"},
		"a case of our own":     {map[string]string{"Managed-By": "a"}, "same key as managed-by", "same key as managed-by"},
		"our own":               {map[string]string{"managed-by": "a"}, "", ""},
		"reserved by AWS":       {map[string]string{"aws:x": "a"}, "begin with aws:", ""},
		"in capitals":           {map[string]string{"AWS:x": "a"}, "begin with aws:", ""},
		"reserved by Azure":     {map[string]string{"Microsoft.x": "a"}, "", "begin with microsoft"},
		"a path as a key":       {map[string]string{"a/b": "c"}, "", `takes no "/"`},
		"a percentage":          {map[string]string{"a": "50%"}, `takes no "%" in the value`, ""},
		"a question":            {map[string]string{"a?": "b"}, `takes no "?" in the key`, `takes no "?"`},
		"no key":                {map[string]string{"": "b"}, "1 to 128", "1 to 512"},
		"a long key":            {map[string]string{long("k", 129): "b"}, "1 to 128", ""},
		"a longer key":          {map[string]string{long("k", 513): "b"}, "1 to 128", "1 to 512"},
		"a long value":          {map[string]string{"a": long("é", 257)}, "at most 256", "at most 256"},
		"a value of 256":        {map[string]string{"a": long("é", 256)}, "", ""},
		"51 with the program's": {many, "must have at most 50", "must have at most 50"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for want, errs := range map[*string]field.ErrorList{
				&c.aws:   AwsTags(field.NewPath("tags"), c.tags, "managed-by", "pulumi-stack"),
				&c.azure: AzureTags(field.NewPath("tags"), c.tags, "managed-by", "pulumi-stack"),
			} {
				if *want == "" {
					require.Empty(t, errs)
					continue
				}
				require.Len(t, errs, 1)
				require.ErrorContains(t, errs[0], *want)
				require.Contains(t, errs[0].Field, "tags")
			}
		})
	}
}

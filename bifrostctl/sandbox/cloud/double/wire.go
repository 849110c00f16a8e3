package double

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

func unmarshal(props *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(props, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}

func unmarshalOpen(props *structpb.Struct) (Object, []resource.PropertyPath, error) {
	m, err := unmarshal(props)
	if err != nil {
		return nil, nil, err
	}
	o, secrets := open(m)
	return o, secrets, nil
}

func unmarshalBoth(first, second *structpb.Struct) (Object, Object, error) {
	o1, _, err1 := unmarshalOpen(first)
	o2, _, err2 := unmarshalOpen(second)
	return o1, o2, errors.Join(err1, err2)
}

func marshal(o Object, secrets []resource.PropertyPath) (*structpb.Struct, error) {
	return plugin.MarshalProperties(seal(o, secrets), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}

package sautikit

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// Many is a list, for which JSON may have its only value.
type Many[T any] []T

// UnmarshalJSON reads a list, or one value by itself.
func (m *Many[T]) UnmarshalJSON(data []byte) error {
	var list []T
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] != '[' && string(text) != "null" {
		data = append(append([]byte{'['}, text...), ']')
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*m = list
	return nil
}

// opensWith says what JSON begins with.
func opensWith(data []byte, bracket byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte{bracket})
}

// decode reads data into the struct, and what the struct does not name into extra.
func decode(data []byte, into any, extra *map[string]any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	all := map[string]any{}
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	kind := reflect.TypeOf(into).Elem()
	for i := 0; i < kind.NumField(); i++ {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		delete(all, name)
	}
	*extra = nil
	if len(all) > 0 {
		*extra = all
	}
	return nil
}

// encode writes a struct: pointers, lists and maps that are nil are left out where they may be, empty lists are not.
func encode(from any, nulls []string, extra map[string]any) ([]byte, error) {
	members := map[string]any{}
	for name, value := range extra {
		members[name] = value
	}
	value := reflect.ValueOf(from)
	for i := 0; i < value.NumField(); i++ {
		tag := value.Type().Field(i).Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" || name == "" {
			continue
		}
		field := value.Field(i)
		if options == "omitempty" && canBeNil(field) && field.IsNil() {
			continue
		}
		members[name] = field.Interface()
	}
	for _, name := range nulls {
		members[name] = nil
	}
	return json.Marshal(members)
}

// encodeVerb writes an action: an object whose one key is the verb.
func encodeVerb(verb string, from any, nulls []string, extra map[string]any) ([]byte, error) {
	attributes, err := encode(from, nulls, extra)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]json.RawMessage{verb: attributes})
}

func canBeNil(field reflect.Value) bool {
	switch field.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	}
	return false
}

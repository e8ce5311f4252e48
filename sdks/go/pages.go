package sautikit

import "context"

// Iter goes through all rows of all pages of a list; each page is asked for when it is reached.
//
//	calls := client.Calls.List(ctx, nil)
//	for calls.Next() {
//		fmt.Println(calls.Current().ID)
//	}
//	if err := calls.Err(); err != nil { … }
type Iter[T any] struct {
	ctx     context.Context
	client  *Client
	request request
	options []RequestOption
	page    []T
	at      int
	cursor  string
	started bool
	err     error
}

func newIter[T any](ctx context.Context, client *Client, r request, options []RequestOption) *Iter[T] {
	return &Iter[T]{ctx: ctx, client: client, request: r, options: options, at: -1}
}

// Next goes to the next row; false after the last, or after an error.
func (i *Iter[T]) Next() bool {
	i.at++
	for i.err == nil && i.at >= len(i.page) {
		if !i.NextPage() {
			return false
		}
		i.at = 0
	}
	return i.err == nil
}

// Current is the row that Next went to; of none the zero value.
func (i *Iter[T]) Current() T {
	var none T
	if i.at < 0 || i.at >= len(i.page) {
		return none
	}
	return i.page[i.at]
}

// NextPage asks for the next page as a whole; false after the last, or after an error.
func (i *Iter[T]) NextPage() bool {
	if i.err != nil || (i.started && i.cursor == "") {
		return false
	}
	r := i.request
	if i.started {
		r.values = nil
		for name, values := range i.request.values {
			r.query(name, values[0])
		}
		r.query("cursor", i.cursor)
	}
	i.started = true
	got, err := i.client.whole(i.ctx, r, i.options)
	i.page, i.at = nil, -1
	if err == nil {
		err = got.read(&i.page, false)
	}
	if err != nil {
		i.page, i.err = nil, err
		return false
	}
	i.cursor = got.header.Get("X-Next-Cursor")
	return true
}

// Page has the rows of the present page.
func (i *Iter[T]) Page() []T { return i.page }

// NextCursor is the cursor of the next page; empty on the last.
func (i *Iter[T]) NextCursor() string { return i.cursor }

// Err is what ended the iteration early.
func (i *Iter[T]) Err() error { return i.err }

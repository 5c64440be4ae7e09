/** The same object with some members changed. */
export function override<T extends object>(inner: T, changed: Partial<T>): T {
  return new Proxy(inner, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(Object.hasOwn(changed, name) ? changed : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/**
 * The arithmetic that formulas are written in once, for float64 numbers and for tensors: its methods
 * are those of a TensorFlow.js tensor.
 */
export interface Real<T> {
  add(other: T | number): T;
  sub(other: T | number): T;
  mul(other: T | number): T;
  div(other: T | number): T;
  abs(): T;
  exp(): T;
  relu(): T;
  sigmoid(): T;
  sin(): T;
  softplus(): T;
  sqrt(): T;
  square(): T;
}

/** One number in float64. */
export class Float64 implements Real<Float64> {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  add(other: Float64 | number): Float64 {
    return new Float64(this.value + valueOf(other));
  }

  sub(other: Float64 | number): Float64 {
    return new Float64(this.value - valueOf(other));
  }

  mul(other: Float64 | number): Float64 {
    return new Float64(this.value * valueOf(other));
  }

  div(other: Float64 | number): Float64 {
    return new Float64(this.value / valueOf(other));
  }

  abs(): Float64 {
    return new Float64(Math.abs(this.value));
  }

  exp(): Float64 {
    return new Float64(Math.exp(this.value));
  }

  relu(): Float64 {
    return new Float64(Math.max(0, this.value));
  }

  sigmoid(): Float64 {
    return new Float64(1 / (1 + Math.exp(-this.value)));
  }

  sin(): Float64 {
    return new Float64(Math.sin(this.value));
  }

  softplus(): Float64 {
    return new Float64(Math.max(0, this.value) + Math.log1p(Math.exp(-Math.abs(this.value))));
  }

  sqrt(): Float64 {
    return new Float64(Math.sqrt(this.value));
  }

  square(): Float64 {
    return new Float64(this.value * this.value);
  }
}

function valueOf(other: Float64 | number): number {
  return typeof other === "number" ? other : other.value;
}
